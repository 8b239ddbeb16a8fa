"""Plots as SVG inside a page: no script, nothing loaded, and lines that are told apart without colours."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from fogline.cli.comparison.choice_map import Choice, ChoiceMap
from fogline.cli.overview.html import Html, element, joined
from fogline.units import format_usd

LETTERS = {"Cloud": "C", "Edge": "E", "Both": "B", "None": "-"}
_WIDTH, _HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 30, 16, 40
"""Margins of a plot."""
_DASHES = ("", "7 4", "2 3", "10 3 2 3", "1 6", "14 5")
_LEAST = 0.01
"""Milliseconds: below it no axis begins."""
_CELL, _MAP_LEFT, _MAP_TOP = 24, 92, 8
_BAR_STEP, _BAR_LEFT, _BAR_WIDTH = 30, 200, 330

Scale = Callable[[float], float]
"""Gives the place of a value in a plot."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a plot of latencies."""

    name: str
    points: Sequence[tuple[float, float]]
    """Share of all requests, and milliseconds."""


def latency_plot(lines: Sequence[Line]) -> Html:
    """Draw how many requests were answered within how many milliseconds, which are on a logarithmic axis."""
    values = [max(value, _LEAST) for line in lines for _, value in line.points]
    low = math.floor(math.log10(min(values)))
    high = max(math.ceil(math.log10(max(values))), low + 1)

    def x(value: float) -> float:
        share = (math.log10(max(value, _LEAST)) - low) / (high - low)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(share: float) -> float:
        return _TOP + (1 - share) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [*_shares(y), *_decades(x, low, high)]
    for number, line in enumerate(lines):
        drawn = " ".join(f"{x(value):.1f},{y(share):.1f}" for share, value in line.points)
        parts.append(element("polyline", points=drawn, **_stroke(number)))
    plot = _svg(_WIDTH, _HEIGHT, "Share of requests answered within a latency", parts)
    return joined((plot, _legend([line.name for line in lines])))


def bars(title: str, values: Sequence[tuple[str, float, str]]) -> Html:
    """Draw a bar for each name, and its value as a text beside it."""
    most = max((value for _, value, _ in values), default=0) or 1
    parts: list[Html] = []
    for number, (name, value, text) in enumerate(values):
        top, width = 6 + number * _BAR_STEP, max(_BAR_WIDTH * value / most, 1)
        parts += [
            _text(name, 0, top + 15),
            _rectangle(_BAR_LEFT, top, width, 20, "bar"),
            _text(text, _BAR_LEFT + width + 6, top + 15),
        ]
    return _svg(_WIDTH, 10 + _BAR_STEP * len(values), title, parts)


def map_plot(found: ChoiceMap) -> Html:
    """Draw the choice for each price (upwards) and penalty (to the right), the present point framed."""
    bottom = _MAP_TOP + len(found.prices) * _CELL
    width = len(found.penalties) * _CELL

    def x(column: int) -> int:
        return _MAP_LEFT + column * _CELL

    def y(row: int) -> int:
        return bottom - (row + 1) * _CELL

    parts: list[Html] = []
    for row, price in enumerate(found.prices):
        if row % 3 == 0:
            parts.append(_text(format_usd(price), _MAP_LEFT - 6, y(row) + 16, "end"))
        for column, choice in enumerate(found.choices[row]):
            parts += _cell(choice, x(column), y(row))
    parts += [
        _text(format_usd(penalty), x(column) + _CELL / 2, bottom + 18, "mid")
        for column, penalty in enumerate(found.penalties)
        if column % 4 == 0
    ]
    here = x(found.penalties.index(found.penalty_now)), y(found.prices.index(found.price_now))
    said = "penalty, US dollars per hour, millisecond and replica"
    parts += [
        _rectangle(*here, _CELL - 1, _CELL - 1, "here"),
        _text(said, x(0) + width / 2, bottom + 38, "mid"),
    ]
    title = "Tier by price of edge nodes and penalty on latency"
    return _svg(_MAP_LEFT + width + 12, bottom + 46, title, parts)


def _cell(choice: Choice, x: int, y: int) -> Iterator[Html]:
    placed = choice.cloud + choice.edge
    share = choice.edge / placed if placed else 0
    opacity = f"fill-opacity:{0.12 + 0.88 * share:.2f}"
    yield _rectangle(x, y, _CELL - 1, _CELL - 1, "choice" if placed else "none", style=opacity)
    yield _text(LETTERS[choice.tier], x + _CELL / 2, y + 16, "mid cell")


def _shares(y: Scale) -> Iterator[Html]:
    for share in (0, 0.25, 0.5, 0.75, 1):
        yield _rule(_LEFT, y(share), _WIDTH - _RIGHT, y(share))
        yield _text(f"{share:.0%}", _LEFT - 6, y(share) + 4, "end")


def _decades(x: Scale, low: int, high: int) -> Iterator[Html]:
    for exponent in range(low, high + 1):
        at = x(10.0**exponent)
        yield _rule(at, _TOP, at, _HEIGHT - _BOTTOM)
        yield _text(f"{10.0**exponent:g} ms", at, _HEIGHT - _BOTTOM + 18, "mid")


def _legend(names: Sequence[str]) -> Html:
    """Show which line is which, by its dashes as well as by its colour."""
    samples = (
        element("svg", _rule(0, 6, 34, 6, **_stroke(number)), width="36", height="12", aria_hidden="true")
        for number in range(len(names))
    )
    entries = (
        element("span", sample, f" {name}", class_="key") for sample, name in zip(samples, names, strict=True)
    )
    return element("p", *entries, class_="keys")


def _stroke(number: int) -> dict[str, str]:
    return {"class_": f"line l{number % 2}", "stroke_dasharray": _DASHES[number % len(_DASHES)]}


def _text(text: str, x: float, y: float, kind: str = "") -> Html:
    return element("text", text, x=f"{x:.1f}", y=f"{y:.1f}", class_=f"axis {kind}".strip())


def _rectangle(x: float, y: float, width: float, height: float, kind: str, **more: str) -> Html:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{width:.1f}", "height": f"{height:.1f}"}
    return element("rect", **place, class_=kind, **more)


def _rule(x: float, y: float, to_x: float, to_y: float, **more: str) -> Html:
    place = {"x1": f"{x:.1f}", "y1": f"{y:.1f}", "x2": f"{to_x:.1f}", "y2": f"{to_y:.1f}"}
    return element("line", **place, **{"class_": "grid", **more})


def _svg(width: float, height: float, title: str, parts: Iterable[Html]) -> Html:
    drawing = element(
        "svg",
        element("title", title),
        *parts,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=title,
        class_="plot",
    )
    return element("div", drawing, class_="scroll")
