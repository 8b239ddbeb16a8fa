"""Load on real replicas of both tiers, from a real node and from here, and the report of it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from dev.digits import trained
from dev.paths import KIND_KUBECONFIG
from dev.programs import program
from tests.support.kind_cluster import Cluster
from tests.support.pages import assert_inert, assert_loads_nothing

from fogline.cli import main

EXPECTED_ACCURACY = 0.95
LEFT = ("get", "jobs,configmaps,pods", "--selector=app.kubernetes.io/name=fogline-bench", "--output=name")


def fogline(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, f"--kubeconfig={KIND_KUBECONFIG}"], catch_exceptions=False)


def bench(cluster: Cluster, *more: str) -> Result:
    """Send the test images for two seconds."""
    inputs = ("--inputs", str(trained() / "test.npz"), "--labels=labels", "--dtype=float32", "--scale=0.0625")
    load = ("--rate=25", "--duration=2", "--warm-up=0.5", "--timeout=20")
    return fogline("bench", "digits", f"--namespace={cluster.namespace}", *inputs, *load, *more)


def test_both_tiers_are_measured_from_an_edge_node_and_set_against_each_other(
    served: Cluster, tmp_path: Path
) -> None:
    done = bench(
        served,
        "--from=tier=Edge",
        "--by=tier",
        "--protocol=REST",
        "--protocol=gRPC",
        "--output=json",
        f"--min-accuracy={EXPECTED_ACCURACY}",
        "--max-errors=0",
    )
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    assert {(run["to"]["by"], run["to"]["name"], run["protocol"]) for run in found["runs"]} == {
        (by, name, protocol)
        for by, name in (("service", "digits"), ("tier", "Cloud"), ("tier", "Edge"))
        for protocol in ("REST", "gRPC")
    }
    for run in found["runs"]:
        assert run["from"]["tier"] == "Edge"
        assert run["answered"] == run["scheduled"] > 40
        assert run["quantiles"][50]["milliseconds"] > 0
    assert all(pair["agree"] == pair["inputs"] > 40 for pair in found["agreement"])
    assert len(found["agreement"]) == 2
    served.wait(lambda: not served.run(*LEFT).strip(), "nothing is left of the bench")

    file = tmp_path / "bench.json"
    file.write_text(done.stdout)
    page = fogline("report", "digits", f"--namespace={served.namespace}", f"--bench={file}").stdout
    assert_inert(page)
    assert_loads_nothing(page)
    assert f"{served.namespace}/digits: cloud or edge" in page


def test_load_from_here_goes_through_tunnels_and_says_so(
    served: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{program('kubectl').parent}{os.pathsep}{os.environ['PATH']}")
    done = bench(served, "--max-p99=0.001")

    assert done.exit_code == 1, done.output
    assert "a tunnel through the API server" in done.stdout
    assert "missed: local to service digits by REST: p99 is" in done.stdout
