"""The Helm chart as helm renders it."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from dev import libyaml
from dev.chart import CHART, NAMESPACE, RELEASE
from dev.programs import program

Document = dict[str, Any]

LIMIT_SECONDS = 180


class RefusedValuesError(Exception):
    """Helm does not render the chart with these values; says what helm said."""


def rendered(values: Mapping[str, Any] | None = None, **options: str) -> list[Document]:
    """Render the chart; without values, as most people install it.

    Parameters
    ----------
    values
        In the form of values.yaml; the rest is as there.
    options
        Of ``helm template``, such as ``kube_version="1.30.0"``.

    Raises
    ------
    RefusedValuesError
        The schema or a template refuses the values.
    """
    return json.loads(_rendered(json.dumps(values or {}), tuple(sorted(options.items()))))  # type: ignore[no-any-return]  # a copy that the caller may change


@cache
def _rendered(values: str, options: tuple[tuple[str, str], ...]) -> str:
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in options]
    done = subprocess.run(
        [program("helm"), "template", RELEASE, CHART, f"--namespace={NAMESPACE}", "--values=-", *flags],
        input=values,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RefusedValuesError(done.stderr)
    return json.dumps([document for document in libyaml.load_all(done.stdout) if document])


def pods(documents: list[Document]) -> Iterator[tuple[str, Document]]:
    """Give the name and the spec of every pod that comes of documents."""
    for document in documents:
        name = f"{document['kind']}/{document['metadata']['name']}"
        if document["kind"] == "Pod":
            yield name, document["spec"]
        elif "template" in document.get("spec", {}):
            yield name, document["spec"]["template"]["spec"]


def named(documents: list[Document], kind: str, name: str, namespace: str | None = None) -> Document:
    """Give the one document of a kind and name, and of a namespace where there are several."""
    (found,) = (
        one
        for one in documents
        if (one["kind"], one["metadata"]["name"]) == (kind, name)
        and namespace in {None, one["metadata"].get("namespace")}
    )
    return found


def images(documents: list[Document]) -> set[str]:
    """Give every image that a pod of the chart runs, or that the operator is told to run."""
    containers = [container for _, pod in pods(documents) for container in pod["containers"]]
    told = {
        variable["value"]
        for container in containers
        for variable in container.get("env", ())
        if variable["name"].endswith("_IMAGE")
    }
    return told | {container["image"] for container in containers}
