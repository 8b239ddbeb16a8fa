"""Write an instance as Kubernetes documents: ``python -m dev.instances SIZE > dump.json``."""

import argparse
import json
import sys

from dev.instances import SIZES, documents, from_scratch, rebalance, settled

_SCENARIOS = {"scratch": from_scratch, "settled": settled, "rebalance": rebalance}


def main() -> None:
    """Read the command line and write to standard output."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.instances", description="Write a cluster as Kubernetes documents (JSON)."
    )
    parser.add_argument(
        "size", choices=SIZES, help=", ".join(f"{size}: {n} nodes" for size, n in SIZES.items())
    )
    parser.add_argument(
        "--scenario",
        choices=_SCENARIOS,
        default="rebalance",
        help="no replica yet, replicas in place, or replicas in place after nodes were drained and shrank,"
        " prices changed and demand drifted (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=1)
    found = parser.parse_args()
    json.dump(documents(_SCENARIOS[found.scenario](found.size, found.seed)), sys.stdout)


if __name__ == "__main__":
    main()
