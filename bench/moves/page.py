"""The page of the documentation that shows the figures of the last run."""

from collections.abc import Sequence

from dev.paths import ROOT

from bench.moves.picture import draw
from bench.moves.simulate import Outcome
from bench.moves.tables import Size, causes, comparison

PAGE = ROOT / "docs" / "moves-benchmark.md"
PICTURE = ROOT / "docs" / "moves-benchmark.svg"
BEGIN = "<!-- figures: written by python -m bench.moves --docs -->"
END = "<!-- end of figures -->"


def fill_in(size: Size, outcomes: Sequence[Outcome]) -> None:
    """Write table and picture.

    Raises
    ------
    ValueError
        The page has lost one of its two marks.
    """
    before, begin, rest = PAGE.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page must have the lines {BEGIN!r} and {END!r}")
    figures = f"{size.text()}.\n\n{comparison(outcomes).as_markdown()}\n\n{causes(outcomes[0])}."
    PAGE.write_text(f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}")
    PICTURE.write_text(draw(outcomes))
