"""What `fogline doctor` looks at: facts are fetched first, then judged by pure functions."""
