"""Where things lie: the checkout, what runs now, what is kept between runs."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

RUN = ROOT / ".run"
"""State of what runs now: kubeconfigs, logs, control planes. ``down`` removes it."""

KIND_KUBECONFIG = RUN / "kind.kubeconfig"
"""Kubeconfig of the kind cluster for scripts and tests, whatever the user's own kubeconfig says."""


def cache_home() -> Path:
    """Return the folder that outlives ``down``: programs, root file systems, wheels, the engine's images."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fogline"
