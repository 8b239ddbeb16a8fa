"""What is measured of two versions while both serve."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figures:
    """What the replicas of one version answered in a window of time."""

    requests: int
    errors: int
    p99_milliseconds: float | None
    """The 99th percentile of their latency; None when nobody asked."""

    @property
    def error_rate(self) -> float:
        """Share of the requests that failed, from 0 to 1."""
        return self.errors / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True)
class Observed:
    """What is known of the canary and of what it may replace; None where nobody measures."""

    canary: Figures | None = None
    stable: Figures | None = None
    agreement: float | None = None
    """Share of the samples that both answered alike, from 0 to 1."""
