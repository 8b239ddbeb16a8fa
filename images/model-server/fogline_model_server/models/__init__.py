"""Which versions of which models are served: what is wanted, what is on disk, and what is loaded."""
