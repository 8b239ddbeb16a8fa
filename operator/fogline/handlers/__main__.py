"""Start the operator: ``python -m fogline.handlers``."""

import logging
import sys

from fogline import config
from fogline.handlers.operate import operate
from fogline.process import run_until_stopped

KOPF_ATTRIBUTES = ("settings", "k8s_ref", "k8s_skip")
"""What kopf hangs on its log records for its own use."""


def main() -> int:
    """Run the operator; returns the exit code."""
    logging.getLogger("kopf").setLevel(logging.WARNING)  # it tells of every event that it handled
    return run_until_stopped(
        lambda: operate(config.from_environment()), config.Settings, hidden=KOPF_ATTRIBUTES
    )


if __name__ == "__main__":
    sys.exit(main())
