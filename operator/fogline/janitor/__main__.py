"""Start the janitor: ``python -m fogline.janitor``."""

import sys

from fogline import config
from fogline.janitor.run import run
from fogline.process import run_until_stopped


def main() -> int:
    """Run the janitor; returns the exit code."""
    return run_until_stopped(lambda: run(config.janitor_from_environment()), config.JanitorSettings)


if __name__ == "__main__":
    sys.exit(main())
