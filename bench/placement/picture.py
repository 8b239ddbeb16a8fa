"""The picture of the benchmark: how far each way to plan is above the bound, as SVG."""

from collections.abc import Iterator
from html import escape

from bench.placement.measure import IN_TURN, OPTIMISER, Measured
from bench.placement.results import Case, Results

_WIDTH = 860
_LABELS = 250
_BARS = 430
_ROW = 18
_GAP = 34
_TOP = 46
_MOST_PERCENT = 50.0
"""Longer bars are cut off; the number beside them tells."""
_OURS, _OURS_IN_TURN, _OTHERS = "#1f6feb", "#79b8ff", "#9aa4af"


def draw(results: Results) -> str:
    """Draw one group of bars for each instance; the exact solver is the bound there, so it has none."""
    parts, y = list(_head()), _TOP
    for case in results.cases:
        parts.append(_text(10, y, case.name, weight="bold"))
        y += 8
        for one in _compared(case):
            parts += _bar(case, one, y)
            y += _ROW
        y += _GAP - 8
    size = f'width="{_WIDTH}" height="{y}"'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">'
    return "\n".join([opening, f'<rect {size} fill="white"/>', *parts, "</svg>", ""])


def _compared(case: Case) -> list[Measured]:
    return [one for one in case.shown() if not one.method.startswith("exact")]


def _head() -> Iterator[str]:
    yield _text(
        10, 20, "Cost above the lower bound, and replicas rejected more than in the best plan", size=14
    )


def _bar(case: Case, one: Measured, y: int) -> Iterator[str]:
    """Draw a bar; a plan that rejects more has none, because its cost says nothing."""
    above, extra = case.percent_above_bound(one), case.extra_rejections(one)
    yield _text(_LABELS - 8, y + 12, one.method, anchor="end")
    length = 0.0
    if above is not None:
        length = max(min(above, _MOST_PERCENT) / _MOST_PERCENT * _BARS, 1.5)
        colour = {OPTIMISER: _OURS, IN_TURN: _OURS_IN_TURN}.get(one.method, _OTHERS)
        yield f'<rect x="{_LABELS}" y="{y + 2}" width="{length:.1f}" height="{_ROW - 5}" fill="{colour}"/>'
    figure = f"{above:.1f} %" if above is not None else f"{extra:+} rejected"
    yield _text(round(_LABELS + length + 6), y + 12, figure)


def _text(x: int, y: int, text: str, *, anchor: str = "start", weight: str = "normal", size: int = 12) -> str:
    style = f'text-anchor="{anchor}" font-weight="{weight}" font-size="{size}"'
    return f'<text x="{x}" y="{y}" {style}>{escape(text)}</text>'
