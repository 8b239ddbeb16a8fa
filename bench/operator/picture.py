"""A dashboard as SVG, from what a Prometheus has: lines and numbers, no more."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from dev.dashboards.panels import RATE, Dashboard, Panel
from dev.prometheus import Prometheus

_COLUMNS, _WIDTH, _HEIGHT, _GAP, _LEFT, _TOP = 3, 300, 110, 56, 50, 130
_LEGEND_LINE = 14
_MOST_LINES = 6
"""Legends below a panel; further lines are drawn without."""
_COLOURS = ("#1f6feb", "#d1730a", "#2da44e", "#8250df", "#cf222e", "#9aa4af", "#bf8700", "#0550ae")
_THOUSAND = 1000.0
_TEN = 10.0

_Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A panel and its lines."""

    panel: Panel
    lines: Sequence[tuple[str, _Points]]
    """By legend."""


def draw(
    dashboard: Dashboard, prometheus: Prometheus, span: tuple[float, float], points: int, window: str
) -> str:
    """Draw the panels that have data.

    Parameters
    ----------
    span
        Begin and end, in seconds since 1970.
    points
        How many values each line has.
    window
        What rates are taken over, such as ``15s``.
    """
    found = [_Drawn(one, [*_lines(one, prometheus, span, points, window)]) for one in dashboard.panels]
    numbers = [one for one in found if one.panel.is_number and one.lines]
    charts = [one for one in found if not one.panel.is_number and any(map(_moves, one.lines))]
    rows = [charts[at : at + _COLUMNS] for at in range(0, len(charts), _COLUMNS)]
    parts, top = [*_numbers(numbers)], _TOP
    for row in rows:
        for column, one in enumerate(row):
            parts += _chart(one, span, _LEFT + column * (_WIDTH + _GAP), top)
        top += _HEIGHT + 30 + _LEGEND_LINE * min(_MOST_LINES, max(len(one.lines) for one in row)) + 20
    width = _LEFT + _COLUMNS * (_WIDTH + _GAP)
    size = f'width="{width}" height="{top}"'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">'
    title = f'<text x="{_LEFT}" y="26" font-size="16" font-weight="bold">{escape(dashboard.title)}</text>'
    return "\n".join([opening, f'<rect {size} fill="white"/>', title, *parts, "</svg>", ""])


def _lines(
    panel: Panel, prometheus: Prometheus, span: tuple[float, float], points: int, window: str
) -> Iterator[tuple[str, _Points]]:
    begin, end = span
    for legend, query in panel.queries.items():
        series = prometheus.query_range(query.replace(RATE, window), begin, end, (end - begin) / points)
        for labels, values in sorted(series, key=lambda one: sorted(one[0].items())):
            known = [(at, value) for at, value in values if value == value]  # noqa: PLR0124  NaN is not itself
            if known:
                yield _filled(legend, labels), known


def _filled(legend: str, labels: Mapping[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), legend)


def _moves(line: tuple[str, _Points]) -> bool:
    return any(value for _, value in line[1])


def _numbers(numbers: Sequence[_Drawn]) -> Iterator[str]:
    for place, one in enumerate(numbers):
        x = _LEFT + place * 200
        value = one.lines[0][1][-1][1]
        yield f'<text x="{x}" y="56" fill="#57606a">{escape(one.panel.title)}</text>'
        yield f'<text x="{x}" y="84" font-size="24">{_text(value, one.panel.unit)}</text>'


def _chart(one: _Drawn, span: tuple[float, float], left: int, top: int) -> Iterator[str]:
    lines = [line for line in one.lines if _moves(line)]
    most = max(value for _, points in lines for _, value in points)
    begin, end = span
    yield f'<text x="{left}" y="{top - 8}" font-weight="bold">{escape(one.panel.title)}</text>'
    for part in (0.0, 0.5, 1.0):
        y = top + _HEIGHT * (1 - part)
        yield f'<line x1="{left}" x2="{left + _WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>'
        label = _text(most * part, one.panel.unit)
        yield f'<text x="{left - 4}" y="{y + 4:.1f}" text-anchor="end" fill="#57606a">{label}</text>'
    for number, (legend, points) in enumerate(lines):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(
            f"{left + _WIDTH * (at - begin) / (end - begin):.1f},{top + _HEIGHT * (1 - value / most):.1f}"
            for at, value in points
        )
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        if number < _MOST_LINES:
            y = top + _HEIGHT + 16 + _LEGEND_LINE * number
            yield f'<rect x="{left}" y="{y - 6}" width="12" height="3" fill="{colour}"/>'
            yield f'<text x="{left + 18}" y="{y}">{escape(legend)}</text>'


def _text(value: float, unit: str) -> str:
    match unit:
        case "percentunit":
            return f"{100 * value:.0f} %"
        case "currencyUSD":
            return f"${value:.2f}"
        case "s":
            return f"{_THOUSAND * value:.0f} ms" if value < 1 else f"{value:.1f} s"
        case _:
            return f"{value:.2f}" if 0 < value < _TEN and value % 1 else f"{value:.0f}"
