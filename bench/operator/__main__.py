"""Run figures of the operator: ``python -m bench.operator [NAME ...]``."""

import sys

from bench.operator import main

if __name__ == "__main__":
    main(sys.argv[1:])
