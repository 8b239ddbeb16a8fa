"""The dashboards of the chart: `make generate` writes them as Grafana reads them."""

import json
from collections.abc import Mapping

from dev.chart import CHART
from dev.dashboards.fleet import FLEET
from dev.dashboards.grafana import document
from dev.dashboards.measured import MEASURED
from dev.dashboards.operator import OPERATOR
from dev.dashboards.panels import Dashboard

DASHBOARDS: Mapping[str, Dashboard] = {"fleet": FLEET, "measured": MEASURED, "operator": OPERATOR}
"""By the name of the file."""
FOLDER = CHART / "files" / "dashboards"


def text(name: str) -> str:
    """Return the file of a dashboard."""
    return json.dumps(document(name, DASHBOARDS[name]), indent=2) + "\n"
