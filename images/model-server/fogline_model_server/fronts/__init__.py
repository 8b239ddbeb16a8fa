"""Front ends: they listen, and carry requests to the answers and back."""
