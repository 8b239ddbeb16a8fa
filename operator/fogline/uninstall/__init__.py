"""What is done once, when Fogline is uninstalled: models go on without it, or go. Run it with ``-m``."""
