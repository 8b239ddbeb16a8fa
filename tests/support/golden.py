"""Golden files: whole objects, as a person reviews them."""

import json
from pathlib import Path
from typing import Any

import yaml
from dev import libyaml

FOLDER = Path(__file__).parents[1] / "golden"


def compare_with_golden(name: str, built: Any, *, update: bool) -> None:
    """Fail when an object differs from ``tests/golden/<name>.yaml``; with `update` write the file instead."""
    path = FOLDER / f"{name}.yaml"
    plain = json.loads(json.dumps(built))  # as it goes over the wire: enums become their tokens
    if update:
        path.write_text(yaml.safe_dump(plain, sort_keys=False, width=140))
        return
    assert path.exists(), f"{path.name} is missing: run pytest with --update-golden, and read what it wrote"
    assert plain == libyaml.load(path.read_text())
