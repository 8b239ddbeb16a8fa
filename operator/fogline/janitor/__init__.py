"""A small process that lets pods go when no operator decides. Run it with ``python -m fogline.janitor``."""
