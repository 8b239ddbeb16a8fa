"""A model server that speaks the TensorFlow Serving API on LiteRT and TensorFlow."""
