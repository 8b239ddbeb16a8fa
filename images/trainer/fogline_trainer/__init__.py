"""Trains a model on several workers: checked shards, one loop, gates, exported forms, one version."""
