"""What `fogline report` shows: gathered as values first, then written as a page or as plain data."""
