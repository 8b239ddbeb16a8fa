"""A model server that speaks the TensorFlow Serving API on LiteRT and TensorFlow."""

__version__ = "0.1.0"
