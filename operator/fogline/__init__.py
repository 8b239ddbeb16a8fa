"""Fogline keeps every AI model where it should run."""
