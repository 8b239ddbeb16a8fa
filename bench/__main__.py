"""Run benchmarks: ``python -m bench [NAME ...]``, all of them without a name."""

import importlib
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path


def main(names: Sequence[str]) -> int:
    """Run the benchmarks of these names; returns the exit code."""
    known = sorted(
        module.name.replace("_", "-")
        for module in pkgutil.iter_modules([str(Path(__file__).parent)])
        if not module.name.startswith("_")
    )
    for name in names or known:
        if name not in known:
            print(f"bench: there is no {name!r}; there are {', '.join(known)}", file=sys.stderr)
            return 2
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"bench.{name.replace('-', '_')}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
