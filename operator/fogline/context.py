"""What the control loops share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from fogline.canary_figures import Measured
from fogline.cluster.client import Client
from fogline.cluster.version import OLDEST, Version
from fogline.config import Settings
from fogline.duty import Duty
from fogline.guard import Guard
from fogline.metrics.operator import Metrics
from fogline.mistakes import Mistakes
from fogline.observe import Models, View
from fogline.outlook import Outlook
from fogline.recorder import Recorder


@dataclass(slots=True)
class Cluster:
    """What we know of the cluster as a whole. It changes while we run: clusters are upgraded."""

    version: Version = OLDEST
    """Of the API server; until it answers, the oldest that is supported."""


@dataclass(frozen=True, slots=True)
class Context:
    """One operator: its connection, what it sees, whom it tells, and its settings."""

    client: Client
    models: Models
    view: View
    recorder: Recorder
    metrics: Metrics
    settings: Settings
    outlook: Outlook
    mistakes: Mistakes
    duty: Duty
    """Asked before each decision."""
    clock: Callable[[], datetime]
    """Wall clock, in UTC."""
    cluster: Cluster = field(default_factory=Cluster)
    guard: Guard = field(default_factory=Guard)
    """Asked before anything sensitive is placed."""
    measured: Measured = field(default_factory=Measured)
