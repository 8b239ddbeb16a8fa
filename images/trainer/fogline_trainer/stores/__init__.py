"""Folders that can be written: below a prefix of a bucket, or in a mounted claim."""
