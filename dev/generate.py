"""Write the generated files: ``python -m dev.generate``. With ``--check`` only say which are out of date."""

import difflib
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from dev import (
    api_reference,
    chart_values,
    dashboards,
    figures_schema,
    metrics_tables,
    model_server_tables,
    reason_tables,
)
from dev.chart import CHART
from dev.paths import ROOT
from fogline.api import GROUP
from fogline.api.crd import RESOURCES, Resource, custom_resource_definition

HEADER = "# Generated from operator/fogline/api by `make generate`; change it there.\n"
LINE_CHARACTERS = 110
_OF_THE_CHART = """\
  {{- if .Values.crds.keep }}
  annotations: {helm.sh/resource-policy: keep}
  {{- end }}
  labels:
    {{- include "fogline.labels" . | nindent 4 }}
"""


class _Dumper(yaml.SafeDumper):
    """YAML for people: no anchors, items deeper than the name of their list, long texts line by line."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  the signature is PyYAML's
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  the signature is PyYAML's
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def crd(resource: Resource) -> str:
    """Return the text of the CustomResourceDefinition of a kind."""
    document = custom_resource_definition(resource)
    return HEADER + yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=LINE_CHARACTERS)


def crd_template(resource: Resource) -> str:
    """Return the same as a template of the chart: Helm never upgrades what lies in a chart's folder crds."""
    document = crd(resource).removeprefix(HEADER).replace("{{", '{{ "{{" }}')
    head, metadata, rest = document.partition("metadata:\n")
    return (
        f"{HEADER}{{{{- if .Values.crds.enabled }}}}\n{head}{metadata}{_OF_THE_CHART}{rest}{{{{- end }}}}\n"
    )


GENERATED: Mapping[Path, Callable[[], str]] = {
    **{ROOT / "crds" / f"{GROUP}_{one.plural}.yaml": partial(crd, one) for one in RESOURCES},
    **{CHART / "templates" / "crds" / f"{one.plural}.yaml": partial(crd_template, one) for one in RESOURCES},
    **{dashboards.FOLDER / f"{name}.json": partial(dashboards.text, name) for name in dashboards.DASHBOARDS},
    chart_values.PAGE: chart_values.page,
    figures_schema.PAGE: figures_schema.text,
    metrics_tables.PAGE: metrics_tables.page,
    model_server_tables.PAGE: model_server_tables.page,
    **{ROOT / "docs" / f"{one.kind.lower()}.md": partial(api_reference.page, one) for one in RESOURCES},
    reason_tables.PAGE: reason_tables.page,
}
"""Each generated file and what makes its text."""


def difference(path: Path, text: str) -> str:
    """Return how a file differs from the text it should have; empty when it does not."""
    present = path.read_text() if path.exists() else ""
    name = str(path.relative_to(ROOT))
    lines = difflib.unified_diff(
        present.splitlines(keepends=True), text.splitlines(keepends=True), name, f"{name} (generated)"
    )
    return "".join(lines)


def main(arguments: list[str], generated: Mapping[Path, Callable[[], str]] = GENERATED) -> int:
    """Write or check the generated files and return the exit status."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m dev.generate [--check]", file=sys.stderr)
        return 2
    stale = {path: text for path, make in generated.items() if difference(path, text := make())}
    for path, text in stale.items():
        if arguments:
            print(difference(path, text), end="")
        else:
            path.write_text(text)
            print(f"wrote {path.relative_to(ROOT)}")
    if arguments and stale:
        print("out of date: run `make generate`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
