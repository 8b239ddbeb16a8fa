"""The REST form of the API: JSON in, JSON out, without any HTTP server."""
