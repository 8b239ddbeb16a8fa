"""The table of the chart's values in its README, from the values file and the schema."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from dev import libyaml
from dev.chart import CHART
from dev.markdown import table

PAGE = CHART / "README.md"
_MARK = "by `make generate`. -->\n"


def page() -> str:
    """Return the text of the README with the table as it should be."""
    head, mark, _ = PAGE.read_text().partition(_MARK)
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = libyaml.load((CHART / "values.yaml").read_text())
    rows = ((f"`{path}`", f"`{default}`", text) for path, default, text in _values(schema, values))
    return f"{head}{mark}\n{table(('value', 'default', ''), rows)}"


def _values(
    schema: Mapping[str, Any], values: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, str, str]]:
    """Give path, default and description of each value; objects that only hold others are left out."""
    for name, part in schema["properties"].items():
        if name not in values:
            continue
        path = f"{prefix}{name}"
        if "properties" in part:
            yield from _values(part, values[name], f"{path}.")
        else:
            yield path, json.dumps(values[name]), part["description"]
