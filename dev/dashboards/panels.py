"""What is on a dashboard, in words of ours; `dev.dashboards.grafana` says it in those of Grafana."""

from collections.abc import Mapping
from dataclasses import dataclass, field

RATE = "$__rate_interval"
"""Grafana puts in what suits the picture and the time between scrapes."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture."""

    title: str
    queries: Mapping[str, str]
    """PromQL by legend, in which Grafana puts in labels, such as ``{{tier}}``."""
    what: str
    """One sentence for who does not know the metric."""
    unit: str = "short"
    """As Grafana calls it: ``s``, ``bytes``, ``percentunit``, ``currencyUSD``, ``short``, ``reqps``."""
    is_number: bool = False
    """Whether the value of now is shown, large, instead of a line."""
    stacked: bool = False
    needs: str = ""
    """When there is data at all; empty: always."""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels beside each other, under a title."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Rows below each other."""

    title: str
    what: str
    rows: tuple[Row, ...] = field(default=())

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, in reading order."""
        return tuple(panel for row in self.rows for panel in row.panels)
