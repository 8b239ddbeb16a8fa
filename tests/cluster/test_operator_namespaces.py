"""An operator and a janitor that are held to some namespaces: by a setting, and by their rights."""

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from dev.chart import NAMESPACE
from tests.cluster.conftest import PATIENT
from tests.support.builders import make_variant
from tests.support.faultproxy import FaultProxy
from tests.support.kubectl import Kubectl
from tests.support.operator_process import (
    JanitorProcess,
    OperatorProcess,
    WarmOperatorProcess,
    alarms,
    records,
)
from tests.support.rights import JANITOR, OPERATOR, OwnAccount, kubeconfig_as
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.client import Client
from fogline.cluster.connection import from_kubeconfig
from fogline.cluster.kinds import DEPLOYMENTS, MODEL_DEPLOYMENTS, PODS
from fogline.names import DATA_SENSITIVITY_LABEL, GATE, MODEL_LABEL


@pytest.fixture
def accounts(world: World, kubectl: Kubectl, operator_kubeconfig: Path) -> Iterator[Mapping[str, OwnAccount]]:
    """Give an operator and a janitor the rights that the chart grants for one namespace."""
    assert operator_kubeconfig.exists()
    values = {"rbac": {"namespaces": [world.namespace]}}
    made = {name: OwnAccount(kubectl, name, f"{name}-in-one", values) for name in (OPERATOR, JANITOR)}
    yield made
    for account in made.values():
        account.leave()


@pytest.fixture
async def elsewhere(client: Client, namespace: str) -> AsyncIterator[str]:
    """Have a model in another namespace; the operators of later tests must not find it."""
    created = await client.create(
        {
            "apiVersion": MODEL_DEPLOYMENTS.api_version,
            "kind": MODEL_DEPLOYMENTS.kind,
            "metadata": {"name": "digits", "namespace": namespace},
            "spec": {"variants": [make_variant("cloud", "Cloud")]},
        }
    )
    yield namespace
    await client.delete(MODEL_DEPLOYMENTS, namespace, "digits", uid=created["metadata"]["uid"])


@pytest.fixture
async def operator_of_one(
    world: World, elsewhere: str, accounts: Mapping[str, OwnAccount], kubectl: Kubectl, tmp_path: Path
) -> AsyncIterator[OperatorProcess]:
    """Run the operator with these rights; nothing that it asks for may be refused."""
    assert elsewhere != world.namespace
    kubeconfig = kubeconfig_as(kubectl, accounts[OPERATOR].name, tmp_path / "account.yaml")
    async with FaultProxy(from_kubeconfig(kubeconfig)) as proxy:
        operator = WarmOperatorProcess(
            proxy.kubeconfig(tmp_path / "proxy.yaml"),
            tmp_path / "log",
            **PATIENT,
            namespaces=world.namespace,
        )
        try:
            await operator.start()
            yield operator
            assert await operator.stop() == 0
        finally:
            operator.kill()
        assert alarms(operator.log()) == []
        assert {write.path.split("/namespaces/")[-1].split("/")[0] for write in proxy.writes} <= {
            world.namespace,
            NAMESPACE,
        }


async def test_models_in_its_namespaces_run_and_models_elsewhere_are_left_alone_and_told_of(
    world: World, client: Client, elsewhere: str, operator_of_one: OperatorProcess
) -> None:
    await world.add_node()
    await world.apply_model()
    await world.until_ready(1)
    await world.cordon(world.node_name("a"))
    await world.until_on([await world.add_node("spare")])

    assert "status" not in await client.get(MODEL_DEPLOYMENTS, elsewhere, "digits")
    assert (await client.list(DEPLOYMENTS, namespace=elsewhere)).items == []
    assert any(elsewhere in one.get("namespaces", ()) for one in records(operator_of_one.log()))


async def test_the_janitor_lets_no_pod_go_elsewhere(
    world: World,
    client: Client,
    namespace: str,
    accounts: Mapping[str, OwnAccount],
    kubectl: Kubectl,
    tmp_path: Path,
) -> None:
    for where in (namespace, world.namespace):
        await client.create(_gated_pod(where))
    kubeconfig = kubeconfig_as(kubectl, accounts[JANITOR].name, tmp_path / "account.yaml")
    janitor = JanitorProcess(kubeconfig, tmp_path / "log", gate_timeout_seconds=3, namespaces=world.namespace)
    try:
        await janitor.start()
        await wait_for(lambda: _is_open(client, world.namespace), "the pod in its namespace is let go")
        assert not await _is_open(client, namespace)
        assert await janitor.stop() == 0
    finally:
        janitor.kill()
    assert alarms(janitor.log()) == []


def _gated_pod(namespace: str) -> dict[str, Any]:
    labels = {MODEL_LABEL: "digits", DATA_SENSITIVITY_LABEL: "Public"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "waiting", "namespace": namespace, "labels": labels},
        "spec": {
            "schedulingGates": [{"name": GATE}],
            "nodeSelector": {"example.com/nowhere": "true"},
            "containers": [{"name": "server", "image": "example.com/server"}],
        },
    }


async def _is_open(client: Client, namespace: str) -> bool:
    pod = await client.get(PODS, namespace, "waiting")
    return not pod["spec"].get("schedulingGates")
