"""The JSON schema of the answer of the collector, from the code."""

import json

import msgspec

from dev.paths import ROOT
from fogline.collector.answer import Answered

PAGE = ROOT / "docs" / "figures.schema.json"


def text() -> str:
    """Return the file."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "/v1/figures of the collector",
    }
    return json.dumps({**head, **msgspec.json.schema(Answered)}, indent=2) + "\n"
