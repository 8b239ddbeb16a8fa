"""The page of the documentation that shows the figures of the last run."""

from dev.paths import ROOT

from bench.moves.picture import draw
from bench.moves.tables import Results

PAGE = ROOT / "docs" / "moves-benchmark.md"
PICTURE = ROOT / "docs" / "moves-benchmark.svg"
BEGIN = "<!-- figures: written by python -m bench.moves --docs -->"
END = "<!-- end of figures -->"


def fill_in(results: Results) -> None:
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
    PAGE.write_text(f"{before}{BEGIN}\n\n{results.as_markdown()}\n\n{END}{after}")
    PICTURE.write_text(draw(results.outcomes))
