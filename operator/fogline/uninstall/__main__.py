"""Leave the cluster: ``python -m fogline.uninstall``."""

import sys

from fogline import config
from fogline.process import run_until_stopped
from fogline.uninstall.run import run


def main() -> int:
    """Leave the cluster; returns the exit code, 2 when something is not done."""
    return run_until_stopped(lambda: run(config.uninstall_from_environment()), config.UninstallSettings)


if __name__ == "__main__":
    sys.exit(main())
