"""The client against a real API server: what it reads and writes, and how refusals come back."""

import asyncio
from contextlib import aclosing

import pytest
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Fault, Refuse
from tests.support.manifests import gated_pod, lease
from tests.support.wait import wait_for

from fogline.cluster.client import PAGE_SIZE, Client
from fogline.cluster.documents import Document
from fogline.cluster.kinds import (
    LEASES,
    MODEL_DEPLOYMENTS,
    NAMESPACES,
    NODES,
    POD_DISRUPTION_BUDGETS,
    PODS,
)
from fogline.cluster.limiter import Lane
from fogline.cluster.objects import Pod, PodDisruptionBudget
from fogline.cluster.observer import WATCH, Request
from fogline.errors import (
    ApiError,
    BadInputError,
    ChangedMeanwhileError,
    ConflictError,
    GoneError,
    InvalidError,
    NotFoundError,
    TooManyRequestsError,
)
from fogline.names import GATE


async def test_an_object_is_read_as_a_document_or_as_a_type(client: Client, namespace: str) -> None:
    made = await client.create(gated_pod(namespace))
    document = await client.get(PODS, namespace, "pod")
    pod = await client.get(PODS, namespace, "pod", Pod)
    assert document["metadata"]["uid"] == made["metadata"]["uid"] == pod.metadata.uid
    assert pod.metadata.creation_timestamp is not None
    assert pod.metadata.creation_timestamp.utcoffset() is not None
    assert [gate.name for gate in pod.spec.scheduling_gates] == [GATE]
    assert pod.spec.containers[0].resources.requests == {"cpu": "100m"}
    assert pod.pinned_node is None


async def test_what_does_not_exist_is_not_found(client: Client, namespace: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        await client.get(PODS, namespace, "nobody")
    assert (caught.value.status, caught.value.reason) == (404, "NotFound")


async def test_a_list_longer_than_a_page_is_read_to_its_end(
    client: Client, proxy: FaultProxy, namespace: str
) -> None:
    names = {f"lease-{number}" for number in range(PAGE_SIZE + 1)}
    await asyncio.gather(*(client.create(lease(namespace, name)) for name in names))
    async with Client(proxy.connection) as through_proxy:
        listing = await through_proxy.list(LEASES, namespace=namespace)
    assert {item["metadata"]["name"] for item in listing.items} == names
    assert int(listing.resource_version) > 0
    assert len(proxy.requests) == 2


async def test_an_observer_hears_of_every_try_but_no_name(client: Client, proxy: FaultProxy) -> None:
    heard: list[tuple[Request, int]] = []
    waits: list[Lane] = []

    class Listener:
        def waited(self, lane: Lane, seconds: float) -> None:
            assert seconds >= 0
            waits.append(lane)

        def answered(self, request: Request, status: int, seconds: float) -> None:
            assert seconds > 0
            heard.append((request, status))

    version = (await client.list(NAMESPACES)).resource_version
    proxy.add(Fault(Refuse(429, "TooManyRequests")))
    async with Client(proxy.connection, observer=Listener()) as observed:
        await observed.list(PODS, namespace="default")
        with pytest.raises(NotFoundError):
            await observed.delete(NODES, None, "nobody", uid="1")
        async with aclosing(
            observed.watch(NAMESPACES, Pod, resource_version=version, limit_seconds=1)
        ) as seen:
            async for _ in seen:
                pass
        await observed.version()
    assert heard == [
        (Request("GET", "pods"), 429),
        (Request("GET", "pods"), 200),
        (Request("DELETE", "nodes"), 404),
        (Request(WATCH, "namespaces"), 200),
        (Request("GET", "other"), 200),
    ]
    assert len(waits) == len(heard)


async def test_a_label_selector_narrows_a_list(client: Client, namespace: str) -> None:
    await client.create(gated_pod(namespace, "ours", {"of": "ours"}))
    await client.create(gated_pod(namespace, "other", {"of": "others"}))
    listing = await client.list(PODS, Pod, namespace=namespace, label_selector="of=ours")
    assert [pod.metadata.name for pod in listing.items] == ["ours"]


@pytest.mark.usefixtures("kubectl")
async def test_a_watch_from_a_forgotten_version_says_that_it_is_gone(client: Client) -> None:
    # The API server remembers nothing of a resource from before its CRD.
    async def is_gone() -> bool:
        events = client.watch(MODEL_DEPLOYMENTS, Document, resource_version="1")
        async with aclosing(events):
            try:
                await anext(events)
            except GoneError:
                return True
            except TooManyRequestsError as error:  # just after the CRD was made
                assert "initializing" in error.message  # noqa: PT017  any other refusal is a failure
        return False

    await wait_for(is_gone, "the watch is refused")


async def test_apply_creates_an_object_and_later_changes_it(client: Client, namespace: str) -> None:
    first = await client.apply(lease(namespace, holderIdentity="a"))
    second = await client.apply(lease(namespace, holderIdentity="b"))
    assert first["metadata"]["uid"] == second["metadata"]["uid"]
    assert second["spec"]["holderIdentity"] == "b"
    managers = [entry["manager"] for entry in second["metadata"]["managedFields"]]
    assert managers == ["fogline"]


async def test_apply_to_the_status_leaves_the_spec_alone(client: Client, namespace: str) -> None:
    await client.create(gated_pod(namespace))
    status = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": "pod"}}
    await client.apply(status | {"status": {"message": "hello"}}, subresource="status")
    pod = await client.get(PODS, namespace, "pod", Pod)
    assert pod.status.message == "hello"
    assert len(pod.spec.scheduling_gates) == 1


async def test_apply_with_the_uid_of_a_deleted_object_does_not_create_it_again(
    client: Client, namespace: str
) -> None:
    uid = (await client.apply(lease(namespace)))["metadata"]["uid"]
    await client.delete(LEASES, namespace, "lease", uid=uid)
    document = lease(namespace)
    document["metadata"]["uid"] = uid
    with pytest.raises(ConflictError):
        await client.apply(document)
    with pytest.raises(NotFoundError):
        await client.get(LEASES, namespace, "lease")


async def test_apply_without_force_names_the_field_that_another_manager_owns(
    client: Client, namespace: str
) -> None:
    await client.apply(lease(namespace))
    await client.merge_patch(LEASES, namespace, "lease", {"spec": {"holderIdentity": "other"}})
    with pytest.raises(ConflictError) as caught:
        await client.apply(lease(namespace, holderIdentity="ours"), force=False)
    assert [(cause["reason"], cause["field"]) for cause in caught.value.causes] == [
        ("FieldManagerConflict", ".spec.holderIdentity")
    ]
    forced = await client.apply(lease(namespace, holderIdentity="ours"))
    assert forced["spec"]["holderIdentity"] == "ours"


async def test_a_document_of_an_unknown_kind_is_refused_before_it_is_sent(client: Client) -> None:
    with pytest.raises(BadInputError, match="v1 Secret"):
        await client.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}})


async def test_one_patch_pins_a_pod_in_every_term_and_opens_its_gate(client: Client, namespace: str) -> None:
    made = await client.create(gated_pod(namespace))
    await client.json_patch(PODS, namespace, "pod", pin(made, "node-1"))
    pod = await client.get(PODS, namespace, "pod", Pod)
    assert pod.pinned_node == "node-1"
    assert pod.spec.scheduling_gates == ()


async def test_a_failed_test_in_a_patch_says_that_the_object_changed(client: Client, namespace: str) -> None:
    made = await client.create(gated_pod(namespace))
    made["metadata"]["uid"] = "of another pod"
    with pytest.raises(ChangedMeanwhileError):
        await client.json_patch(PODS, namespace, "pod", pin(made, "node-1"))


async def test_a_patch_with_forbidden_content_is_invalid_and_says_where(
    client: Client, namespace: str
) -> None:
    await client.create(gated_pod(namespace))
    gate = [{"op": "add", "path": "/spec/schedulingGates/-", "value": {"name": "another.example/gate"}}]
    with pytest.raises(InvalidError) as caught:
        await client.json_patch(PODS, namespace, "pod", gate)
    assert caught.value.causes[0]["field"] == "spec.schedulingGates[1].name"


async def test_a_merge_patch_of_an_old_version_is_a_conflict(client: Client, namespace: str) -> None:
    made = await client.create(lease(namespace))
    version = {"resourceVersion": made["metadata"]["resourceVersion"]}
    await client.merge_patch(
        LEASES, namespace, "lease", {"metadata": version, "spec": {"holderIdentity": "a"}}
    )
    with pytest.raises(ConflictError):
        await client.merge_patch(
            LEASES, namespace, "lease", {"metadata": version, "spec": {"holderIdentity": "b"}}
        )


async def test_creating_what_exists_is_a_conflict(client: Client, namespace: str) -> None:
    await client.create(lease(namespace))
    with pytest.raises(ConflictError) as caught:
        await client.create(lease(namespace))
    assert caught.value.reason == "AlreadyExists"


async def test_delete_spares_another_object_of_the_same_name(client: Client, namespace: str) -> None:
    uid = (await client.create(lease(namespace)))["metadata"]["uid"]
    with pytest.raises(ConflictError):
        await client.delete(LEASES, namespace, "lease", uid="of another lease")
    await client.get(LEASES, namespace, "lease")
    await client.delete(LEASES, namespace, "lease", uid=uid)
    with pytest.raises(NotFoundError):
        await client.delete(LEASES, namespace, "lease", uid=uid)


async def test_delete_spares_an_object_that_changed_since(client: Client, namespace: str) -> None:
    before = (await client.create(lease(namespace)))["metadata"]
    await client.json_patch(
        LEASES, namespace, "lease", [{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]
    )
    versions = {"uid": before["uid"], "resource_version": before["resourceVersion"]}
    with pytest.raises(ConflictError):
        await client.delete(LEASES, namespace, "lease", **versions)
    versions["resource_version"] = (await client.get(LEASES, namespace, "lease"))["metadata"][
        "resourceVersion"
    ]
    await client.delete(LEASES, namespace, "lease", **versions)


async def test_an_eviction_that_the_budget_forbids_comes_back_at_once(
    client: Client, proxy: FaultProxy, namespace: str
) -> None:
    pod = await make_running_pod_with_budget(client, namespace)
    async with Client(proxy.connection) as through_proxy:
        with pytest.raises(TooManyRequestsError) as caught:
            await through_proxy.evict(namespace, "pod", uid=pod["metadata"]["uid"])
    assert caught.value.causes[0]["reason"] == "DisruptionBudget"
    assert len(proxy.requests) == 1


async def test_an_eviction_spares_another_pod_of_the_same_name(client: Client, namespace: str) -> None:
    uid = (await client.create(gated_pod(namespace)))["metadata"]["uid"]
    with pytest.raises(ConflictError):  # after 10 s, in which the API server tries 20 times
        await client.evict(namespace, "pod", uid="of another pod")
    await client.evict(namespace, "pod", uid=uid)
    with pytest.raises(NotFoundError):
        await client.get(PODS, namespace, "pod")


async def test_another_refusal_is_an_api_error_with_its_status(client: Client, namespace: str) -> None:
    with pytest.raises(ApiError) as caught:
        await client.list(PODS, namespace=namespace, label_selector="in valid")
    assert type(caught.value) is ApiError
    assert caught.value.status == 400


def pin(pod: Document, node: str) -> list[Document]:
    """Write the patch that places a pod."""
    path = (
        "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution"
        "/nodeSelectorTerms/{}/matchFields"
    )
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    return [
        {"op": "test", "path": "/metadata/uid", "value": pod["metadata"]["uid"]},
        {"op": "test", "path": "/spec/schedulingGates/0/name", "value": GATE},
        *({"op": "add", "path": path.format(term), "value": [field]} for term in range(2)),
        {"op": "remove", "path": "/spec/schedulingGates/0"},
    ]


async def make_running_pod_with_budget(client: Client, namespace: str) -> Document:
    """Make a pod that counts as healthy and may not be disturbed, and return it."""
    pod = await client.create(gated_pod(namespace, labels={"of": "ours"}))
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    identity = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": "pod"}}
    await client.apply(identity | {"status": status}, subresource="status")
    await client.create(
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"namespace": namespace, "name": "budget"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"of": "ours"}}},
        }
    )

    async def counted() -> bool:
        budget = await client.get(POD_DISRUPTION_BUDGETS, namespace, "budget", PodDisruptionBudget)
        return budget.status.current_healthy == 1

    await wait_for(counted, "the budget counts the pod")
    return pod
