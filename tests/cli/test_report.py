"""``fogline report``: one page for people, that anybody may open whatever names are on it."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from dev.instances import documents, rebalance
from tests.support.browser import browser
from tests.support.pages import CONTRAST, HOSTILE, WIDTHS, assert_inert, assert_loads_nothing
from tests.support.plan_files import MODEL, NODES, POD

from fogline.cli import main

MOST_BYTES, MOST_SECONDS = 2_000_000, 4.0


def report(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["report", *arguments], catch_exceptions=False)
    assert (result.exit_code, result.stderr) == (0, "")
    return result


@pytest.fixture(scope="module")
def medium(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Have a dump of a cluster with 700 nodes, 268 models and 3,764 replicas."""
    file = tmp_path_factory.mktemp("medium") / "dump.json"
    file.write_text(json.dumps(documents(rebalance("medium", 1))))
    return file


@pytest.fixture
def small(files: Path) -> None:
    """Two nodes, one of them cordoned, one replica, two moves that have ended, and a replica that waits."""
    past = {
        "id": "m1",
        "from": "cloud-2",
        "to": "cloud-1",
        "variant": "cloud",
        "reason": "BetterNode",
        "startedAt": "2030-01-02T03:04:05Z",
        "seconds": 9,
    }
    history = [
        {**past, "result": "Completed", "savingPerHour": "0.2"},
        {**past, "id": "m0", "result": "Aborted", "message": HOSTILE, "startedAt": "2030-01-02T03:00:00Z"},
    ]
    model = json.dumps({"moves": {"history": history}})
    cordoned = NODES.replace("cloud-1", "cloud-2") + "spec: {unschedulable: true}\n"
    (files / "nodes.yaml").write_text(f"{NODES}---\n{cordoned}---\n{POD}")
    (files / "models.yaml").write_text(MODEL.replace("replicas: 2", "replicas: 3") + f"status: {model}\n")


def of_small(*arguments: str) -> str:
    return report("-f", "nodes.yaml", "-f", "models.yaml", *arguments).stdout


@pytest.mark.usefixtures("small")
def test_it_shows_nodes_models_reasons_and_moves() -> None:
    found: dict[str, Any] = json.loads(of_small("-o", "json"))
    assert [(one["name"], one["state"]) for one in found["nodes"]] == [
        ("cloud-1", []),
        ("cloud-2", ["cordoned"]),
    ]
    assert found["nodes"][0]["replicas"] == {"shop/digits": 1}
    (why,) = found["reasoning"]
    assert why["here"] == "cloud-1 counts 0.5 an hour"
    assert why["elsewhere"] == "1 node NodeCordoned (cloud-2: is cordoned)"
    assert found["unplaceable"][0]["replicas"] == 1
    assert [one["id"] for one in found["moves"]["ended"]] == ["m1", "m0"]
    page = of_small()
    for text in ("cloud-2\ncordoned", "shop/digits", why["here"], "BetterNode", "1 replicas without a node"):
        assert text in page


@pytest.mark.usefixtures("small")
def test_another_namespace_shows_none_of_it_but_the_nodes() -> None:
    found = json.loads(of_small("-o", "json", "-n", "other"))
    assert (found["models"], found["reasoning"], found["unplaceable"], found["moves"]["ended"]) == (
        [],
        [],
        [],
        [],
    )
    assert [one["replicas"] for one in found["nodes"]] == [{}, {}]
    assert "shop/digits" not in of_small("-n", "other")


@pytest.mark.usefixtures("small")
def test_hostile_names_stay_text(files: Path) -> None:
    evil = json.dumps(HOSTILE)
    nodes = (files / "nodes.yaml").read_text()
    nodes = nodes.replace("  labels:\n", f"  labels:\n    topology.kubernetes.io/zone: {evil}\n", 1)
    nodes = nodes.replace("name: cloud-1\n", f"name: {evil}\n").replace(
        "nodeName: cloud-1", f"nodeName: {evil}"
    )
    (files / "nodes.yaml").write_text(nodes)
    page = of_small()
    assert_inert(page)
    assert page.count("&lt;script&gt;alert(&#x27;1&#x27;)") > 3


@pytest.mark.usefixtures("small")
def test_nothing_is_loaded_from_anywhere() -> None:
    assert_loads_nothing(of_small())


def test_seven_hundred_nodes_take_seconds_and_less_than_two_megabytes(medium: Path) -> None:
    began = time.process_time()
    page = report("-f", str(medium)).stdout
    assert time.process_time() - began < MOST_SECONDS
    assert len(page.encode()) < MOST_BYTES


async def test_a_browser_shows_it_in_light_and_dark_on_wide_and_narrow_screens(
    medium: Path, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    page.write_text(report("-f", str(medium)).stdout)
    async with browser(tmp_path) as window:
        await window.open(page)
        assert await window.run("return document.querySelectorAll('.sites .n').length") == 700
        assert await window.run("return document.querySelectorAll('#why tbody tr').length") > 268
        for scheme in ("light", "dark"):
            await window.prefer(scheme)
            assert await window.run(CONTRAST) >= 4.5, scheme
            for width in (1280, 400):
                await window.resize(width, 900)
                needed, given = await window.run(WIDTHS)
                assert needed <= given, (scheme, width)
        assert await window.complaints() == []
