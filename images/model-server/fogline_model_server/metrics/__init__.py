"""Figures about the server: plain numbers that requests add to, and the text that Prometheus reads."""
