"""The page of the documentation that shows the figures of the last run."""

from dev.paths import ROOT

from bench.placement.picture import draw
from bench.placement.results import Results
from bench.placement.tables import Table, case_table, summaries

PAGE = ROOT / "docs" / "benchmark.md"
PICTURE = ROOT / "docs" / "benchmark.svg"
BEGIN = "<!-- figures: written by python -m bench.placement --docs -->"
END = "<!-- end of figures -->"


def fill_in(results: Results) -> None:
    """Write tables and picture."""
    PAGE.write_text(with_figures(PAGE.read_text(), results))
    PICTURE.write_text(draw(results))


def with_figures(page: str, results: Results) -> str:
    """Give the page with the figures between its two marks.

    Raises
    ------
    ValueError
        A mark is missing.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page must have the lines {BEGIN!r} and {END!r}")
    *single, goals = summaries(results)
    parts = [
        f"Measured on {results.machine}.",
        "### Goals",
        goals.as_markdown(),
        "### In detail",
        *map(_titled, single),
        *(_titled(case_table(case)) for case in results.cases),
    ]
    return f"{before}{BEGIN}\n\n" + "\n\n".join(parts) + f"\n\n{END}{after}"


def _titled(table: Table) -> str:
    name, _, rest = table.title.partition(": ")
    return f"**{name}**: {rest}\n\n{table.as_markdown()}"
