"""The picture of the simulation: what each way costs, misses and moves, day by day, as SVG."""

from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import pairwise

from bench.moves.account import Totals
from bench.moves.simulate import Outcome

_WIDTH, _PANEL, _GAP, _LEFT, _RIGHT, _TOP = 860, 150, 60, 70, 20, 40
_COLOURS = ("#1f6feb", "#9aa4af", "#d1730a")
_Figure = Callable[[Totals], float]

_PANELS: tuple[tuple[str, _Figure], ...] = (
    ("US dollars per day", lambda day: day.us_dollars),
    (
        "replica-seconds missing, of a million",
        lambda day: 1e6 * day.missing_seconds / day.wanted_seconds,
    ),
    ("pods started per day", lambda day: day.started),
)


def draw(outcomes: Sequence[Outcome]) -> str:
    """Draw one panel for each figure, with a line for each way."""
    parts = list(_legend(outcomes))
    for number, (title, figure) in enumerate(_PANELS):
        parts += _panel(title, figure, outcomes, _TOP + 20 + number * (_PANEL + _GAP))
    height = _TOP + 20 + len(_PANELS) * (_PANEL + _GAP)
    size = f'width="{_WIDTH}" height="{height}"'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
    return "\n".join([opening, f'<rect {size} fill="white"/>', *parts, "</svg>", ""])


def _legend(outcomes: Sequence[Outcome]) -> Iterator[str]:
    x = _LEFT
    for one, colour in zip(outcomes, _COLOURS, strict=True):
        yield f'<rect x="{x}" y="14" width="14" height="4" fill="{colour}"/>'
        yield f'<text x="{x + 20}" y="20">{escape(one.name)}</text>'
        x += 230


def _panel(title: str, figure: _Figure, outcomes: Sequence[Outcome], top: int) -> Iterator[str]:
    lines = [[figure(day) for day in _each_day(one.days)] for one in outcomes]
    most = max(max(line) for line in lines) or 1.0
    yield f'<text x="{_LEFT}" y="{top - 8}" font-weight="bold">{escape(title)}</text>'
    for part in (0.0, 0.5, 1.0):
        y = top + _PANEL * (1 - part)
        yield f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{most * part:,.0f}</text>'
    step = (_WIDTH - _LEFT - _RIGHT) / max(1, max(map(len, lines)) - 1)
    for line, colour in zip(lines, _COLOURS, strict=True):
        points = " ".join(
            f"{_LEFT + step * day:.1f},{top + _PANEL * (1 - value / most):.1f}"
            for day, value in enumerate(line)
        )
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _each_day(sums: Sequence[Totals]) -> Iterator[Totals]:
    """Give what each day added to the sums."""
    for before, after in pairwise([Totals(), *sums]):
        yield Totals(**{name: getattr(after, name) - getattr(before, name) for name in Totals.__slots__})
