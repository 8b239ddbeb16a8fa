"""How tests start the operator: it must never find another cluster than the one that is meant."""

from pathlib import Path

import pytest
from tests.support.operator_process import OperatorProcess, WarmOperatorProcess


@pytest.mark.parametrize("kind", [OperatorProcess, WarmOperatorProcess])
async def test_without_the_kubeconfig_that_it_is_given_it_ends(
    kind: type[OperatorProcess], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "home" / ".kube"
    elsewhere.mkdir(parents=True)
    (elsewhere / "config").write_text(CONFIG_OF_SOMEBODY_ELSE)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KUBECONFIG", str(elsewhere / "config"))
    operator = kind(tmp_path / "missing.yaml", tmp_path / "log")
    operator.spawn()
    assert await operator.ended() == 2
    assert "the kubeconfig cannot be used" in operator.log()


CONFIG_OF_SOMEBODY_ELSE = """
current-context: one
contexts: [{name: one, context: {cluster: one, user: one}}]
clusters: [{name: one, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: one, user: {}}]
"""
