"""Start the collector: ``python -m fogline.collector``; with ``--probe`` a probe."""

import sys

from fogline import config
from fogline.collector import probe, run
from fogline.process import run_until_stopped

PROBE = "--probe"


def main(arguments: list[str]) -> int:
    """Run one of the two; returns the exit code."""
    if arguments == [PROBE]:
        return run_until_stopped(lambda: probe.run(config.probe_from_environment()), config.ProbeSettings)
    if arguments:
        sys.stderr.write(f"fogline.collector: the only argument is {PROBE}\n")
        return 2
    return run_until_stopped(lambda: run.run(config.collector_from_environment()), config.CollectorSettings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
