"""Run the simulation: ``python -m bench.moves``."""

import sys

from bench.moves import main

if __name__ == "__main__":
    main(sys.argv[1:])
