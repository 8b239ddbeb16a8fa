"""Fogline keeps every AI model where it should run."""

__version__ = "0.1.0"
