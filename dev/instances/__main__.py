"""Write an instance as Kubernetes documents: ``python -m dev.instances SIZE > dump.json``."""

import argparse
import json
import sys

from dev.instances import SIZES, documents, few_big, from_scratch, rebalance, settled

_SCENARIOS = {"scratch": from_scratch, "big": few_big, "settled": settled, "rebalance": rebalance}


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
        help="scratch: no replica yet; big: the same with few and big replicas wanted; settled: replicas in"
        " place; rebalance: the same after nodes were drained and shrank, prices changed and demand drifted"
        " (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=1)
    found = parser.parse_args()
    json.dump(documents(_SCENARIOS[found.scenario](found.size, found.seed)), sys.stdout)


if __name__ == "__main__":
    main()
