"""The health script for Argo CD, run by Lua as Argo CD runs it: it must agree with the conditions."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from dev import libyaml
from dev.debian import program
from dev.paths import ROOT

PAGE = (ROOT / "docs" / "gitops.md").read_text()
KEY = "resource.customizations.health.fogline.dev_ModelDeployment"
BLOCK = re.compile(r"^<!-- lua: ([\w.]+) -->\n```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def condition(kind: str, status: str, reason: str = "Some") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": "words"}


def as_lua(value: Any) -> str:
    """Write a document as a table of Lua."""
    match value:
        case dict():
            return "{" + ", ".join(f"[{json.dumps(key)}] = {as_lua(one)}" for key, one in value.items()) + "}"
        case list():
            return "{" + ", ".join(as_lua(one) for one in value) + "}"
        case _:
            return json.dumps(value)


@pytest.fixture(scope="module")
def lua() -> Path:
    return program("lua5.4", "lua5.4")


@pytest.mark.parametrize(
    ("generation", "conditions", "health"),
    [
        (1, None, "Progressing"),
        (2, [condition("Ready", "True")], "Progressing"),
        (1, [condition("Ready", "True")], "Healthy"),
        (1, [condition("Ready", "False", "ReplicasNotReady")], "Progressing"),
        (1, [condition("Ready", "False"), condition("Accepted", "False", "NotSupported")], "Degraded"),
        (1, [condition("Ready", "True"), condition("PolicyCompliant", "False")], "Degraded"),
        (1, [condition("Ready", "True"), condition("Suspended", "True")], "Suspended"),
    ],
)
def test_argo_cd_calls_a_model_what_its_conditions_say(
    lua: Path, generation: int, conditions: list[dict[str, str]] | None, health: str
) -> None:
    ((key, block),) = BLOCK.findall(PAGE)
    script = libyaml.load(block)["data"][key]
    status = {"status": {"observedGeneration": 1, "conditions": conditions}} if conditions else {}
    given = as_lua({"metadata": {"generation": generation}, **status})

    done = subprocess.run(
        [lua, "-"],
        input=f"obj = {given}\nlocal function health()\n{script}\nend\nprint(health().status)\n",
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert (key, done.stderr) == (KEY, "")
    assert done.stdout.strip() == health
