"""The operator as a process: kopf, health, and the loops. Run it with ``python -m fogline.handlers``."""
