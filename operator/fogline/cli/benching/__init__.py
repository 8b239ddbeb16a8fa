"""What `fogline bench` is made of: inputs, places and targets, the load, and what came of it."""
