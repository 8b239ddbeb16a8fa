"""A dashboard in the JSON that Grafana imports (schema version 39: Grafana 10.4 and newer)."""

from collections.abc import Iterator
from typing import Any

from dev.dashboards.panels import Dashboard, Panel, Row

Document = dict[str, Any]

SCHEMA_VERSION = 39
COLUMNS = 24
"""Of the grid of a dashboard."""
NUMBER_HEIGHT = 4
LINES_HEIGHT = 8
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def document(name: str, dashboard: Dashboard) -> Document:
    """Return what Grafana imports; the data source is chosen on the dashboard."""
    return {
        "uid": f"fogline-{name}",
        "title": dashboard.title,
        "description": dashboard.what,
        "tags": ["fogline"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
            ]
        },
        "panels": [*_rows(dashboard)],
    }


def _rows(dashboard: Dashboard) -> Iterator[Document]:
    top, number = 0, 0
    for row in dashboard.rows:
        number += 1
        yield {"id": number, "type": "row", "title": row.title, "gridPos": _place(0, top, COLUMNS, 1)}
        top += 1
        height = max(NUMBER_HEIGHT if panel.is_number else LINES_HEIGHT for panel in row.panels)
        for left, width, panel in _columns(row):
            number += 1
            yield {"id": number, "gridPos": _place(left, top, width, height), **_panel(panel)}
        top += height


def _columns(row: Row) -> Iterator[tuple[int, int, Panel]]:
    """Give each panel its left edge and its width."""
    edges = [round(COLUMNS * number / len(row.panels)) for number in range(len(row.panels) + 1)]
    for panel, left, right in zip(row.panels, edges, edges[1:], strict=False):
        yield left, right - left, panel


def _place(left: int, top: int, width: int, height: int) -> Document:
    return {"x": left, "y": top, "w": width, "h": height}


def _panel(panel: Panel) -> Document:
    needs = f" Empty unless {panel.needs}." if panel.needs else ""
    return {
        "type": "stat" if panel.is_number else "timeseries",
        "title": panel.title,
        "description": f"{panel.what}{needs}",
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, **_look(panel)}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": SOURCE,
                "expr": query,
                "legendFormat": legend,
            }
            for number, (legend, query) in enumerate(panel.queries.items())
        ],
    }


def _look(panel: Panel) -> Document:
    if panel.is_number:
        return {}
    stacking = {"stacking": {"mode": "normal"}, "fillOpacity": 30} if panel.stacked else {}
    return {"min": 0, "custom": {"lineWidth": 2, **stacking}}
