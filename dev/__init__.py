"""Clusters for development and tests, and the images that run in them: ``python -m dev --help``."""
