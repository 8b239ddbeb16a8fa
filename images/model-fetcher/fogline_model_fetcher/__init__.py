"""Brings the files of a model to a pod: resumable, checked, bounded."""
