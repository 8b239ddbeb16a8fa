"""The documentation: what it tells people to write is accepted."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from fogline.api import ModelDeployment, NodeProfile, parse, parse_node_profile

ROOT = Path(__file__).parents[1]
PARSE: Mapping[str, Callable[..., ModelDeployment | NodeProfile]] = {
    "ModelDeployment": parse,
    "NodeProfile": parse_node_profile,
}
YAML_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def manifests() -> Iterator[Any]:
    """Go through the objects of ours in the YAML blocks of the documentation, named by their page."""
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for block in YAML_BLOCK.findall(path.read_text()):
            for document in yaml.safe_load_all(block):
                if isinstance(document, dict) and document.get("kind") in PARSE:
                    yield pytest.param(document, id=f"{path.name}: {document['kind']}")


@pytest.mark.parametrize("manifest", [*manifests()])
def test_every_manifest_is_valid(manifest: dict[str, Any]) -> None:
    assert PARSE[manifest["kind"]](manifest, strict=True).metadata.name == manifest["metadata"]["name"]


def test_there_are_manifests_of_every_kind() -> None:
    assert {found.values[0]["kind"] for found in manifests()} == set(PARSE)
