"""The tables of docs/model-server.md that the code of the model server decides."""

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping

from dev.markdown import table
from dev.paths import ROOT
from fogline_model_server import limits
from fogline_model_server.metrics.page import METRICS

PAGE = ROOT / "docs" / "model-server.md"

_KIBIBYTE = 1 << 10
_MEBIBYTE = 1 << 20


def page() -> str:
    """Return the page as it is now, with its tables as they should be."""

    def filled(match: re.Match[str]) -> str:
        return f"<!-- table: {match[1]} -->\n{TABLES[match[1]]()}<!-- end -->"

    return re.sub(r"<!-- table: (\w+) -->\n.*?<!-- end -->", filled, PAGE.read_text(), flags=re.DOTALL)


def limits_table() -> str:
    """Return the limits with their values and what they bound."""
    rows = [(f"`{name}`", _shown(name), " ".join(text.split())) for name, text in _limits()]
    return table(("limit", "value", "of"), rows)


def _limits() -> Iterator[tuple[str, str]]:
    """Go through the fields of `Limits` and the texts below them, which Python itself forgets."""
    (described,) = ast.parse(inspect.getsource(limits.Limits)).body
    assert isinstance(described, ast.ClassDef)  # noqa: S101  a class was asked for
    for field, text in zip(described.body, described.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
            yield ast.unparse(field.target), inspect.cleandoc(ast.literal_eval(text.value))


def _shown(name: str) -> str:
    value = getattr(limits.LIMITS, name)
    if name.endswith("_bytes"):
        unit, name_of_unit = (_MEBIBYTE, "MiB") if value >= _MEBIBYTE else (_KIBIBYTE, "KiB")
        return f"{value / unit:.0f} {name_of_unit}"
    return f"{value:g} s" if name.endswith("_seconds") else f"{value:g}"


def metrics_table() -> str:
    """Return the metrics with their labels."""
    rows = [
        (f"`{metric.name}`", metric.kind, ", ".join(f"`{label}`" for label in metric.labels), metric.help)
        for metric in METRICS
    ]
    return table(("metric", "kind", "labels", "what"), rows)


TABLES: Mapping[str, Callable[[], str]] = {"limits": limits_table, "metrics": metrics_table}
