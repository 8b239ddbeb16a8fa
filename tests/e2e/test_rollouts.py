"""New versions on real nodes, under open-loop load: a good one goes to all, bad ones are taken back."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import obstore
import pytest
from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]  # it ships no types
from dev import client, digits, training
from dev.client import Asker
from dev.paths import KIND_KUBECONFIG
from dev.store import StoreCredentials
from examples.digits.data import read
from examples.digits.publish import store_of
from tests.support.kind_cluster import Cluster
from tests.support.live_cli import fogline_on
from tests.support.tflite_files import tiling_on_request

REPLICAS = 3
RATE, IMAGES = 15, 450
"""Requests per second by each of two protocols; each replica gets about a third of them. Test images."""
SAMPLES = 8
OLD, GOOD, SWAPPED, ERRING = "1", "2", "3", "4"
"""What all serve first, the same again, one that names another digit, one that wants other inputs."""
LIMITS = {"maxErrorRate": "0.02", "maxLatencyRatio": "20"}
REFUSALS = re.compile(r"[^:]+: (gRPC: INVALID_ARGUMENT|REST: status 400)")


@pytest.fixture(scope="module")
def artifacts(shared_cluster: Cluster, store: StoreCredentials) -> str:
    """Put four versions into the store; gives where they lie."""
    trained = (digits.trained() / "tflite" / "1" / "model.tflite").read_bytes()
    contents = {OLD: trained, GOOD: trained, SWAPPED: swapped(trained), ERRING: tiling_on_request()}
    with training.store(store) as environment:
        bucket = store_of("models", {**os.environ, **environment})
        for version, content in contents.items():
            obstore.put(bucket, f"{shared_cluster.namespace}/{version}/model.tflite", content)
    return f"s3://models/{shared_cluster.namespace}"


def swapped(model: bytes) -> bytes:
    """Let the digits network name another digit each time: the rows of its last layer trade places."""
    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    for tensor in interpreter.get_tensor_details():
        if tuple(tensor["shape"]) in {(10, 32), (10,)}:
            rows = interpreter.get_tensor(tensor["index"])
            assert model.count(rows.tobytes()) == 1
            model = model.replace(rows.tobytes(), np.roll(rows, 1, axis=0).tobytes())
    return model


@pytest.fixture(scope="module")
def rules() -> dict[str, Any]:
    """Say how a canary is judged, samples included."""
    pixels = read(digits.trained() / "test.npz").pixels[:SAMPLES]
    samples = [json.dumps({"instances": [row.tolist()]}) for row in pixels]
    return {**LIMITS, "minAgreement": "0.9", "samples": samples}


def serve(cluster: Cluster, artifacts: str, version: str, rules: dict[str, Any]) -> None:
    """Ask for a version in the cloud, on nodes of both zones."""
    model = cluster.digits(cloud={}, edge={}, dataSensitivity="Public")
    (cloud, _) = model["spec"]["variants"]
    cloud |= {"runtime": "LiteRT", "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}}}
    cloud["artifact"]["uri"] = f"{artifacts}/{version}"
    rollout = {"canaryPercent": 25, "promoteAfterSeconds": 5, **rules}
    model["spec"] |= {"replicas": REPLICAS, "variants": [cloud], "rollout": rollout}
    cluster.apply(model)


@pytest.fixture(scope="module")
def asker(shared_cluster: Cluster, artifacts: str, rules: dict[str, Any]) -> Iterator[Asker]:
    """Send requests through the Service as long as the tests of this file run."""
    serve(shared_cluster, artifacts, OLD, rules)
    shared_cluster.wait_until_ready(REPLICAS)
    host = f"digits.{shared_cluster.namespace}.svc"
    command = [host, f"--rate={RATE}"]
    with client.asking(digits.trained(), command, shared_cluster.namespace) as asker:
        yield asker


def versions(cluster: Cluster) -> Counter[str]:
    """Count the pods of each version, those on their way out included."""
    listed = cluster.listed_pods("fogline.dev/model=digits")
    arguments = (one for pod in listed for one in pod["spec"]["initContainers"][0]["args"])
    return Counter(one.removeprefix("--version=") for one in arguments if one.startswith("--version="))


def until_rolled_out(cluster: Cluster, reason: str, version: str) -> str:
    """Wait until all replicas serve a version, and that is said with this reason; returns the message."""

    def is_so() -> bool:
        found = cluster.model()
        is_current = found["status"]["observedGeneration"] == found["metadata"]["generation"]
        return (
            is_current
            and cluster.condition("RolledOut")[1] == reason
            and versions(cluster) == {version: REPLICAS}
        )

    cluster.wait(is_so, f"{reason}, and all serve {version}")
    cluster.wait(lambda: cluster.model()["status"]["readyReplicas"] == REPLICAS, "all are Ready")
    return cluster.condition("RolledOut")[2]


def test_a_good_version_is_tried_by_figures_and_goes_to_all_without_a_failed_request(
    shared_cluster: Cluster, artifacts: str, rules: dict[str, Any], asker: Asker
) -> None:
    cluster = shared_cluster
    serve(cluster, artifacts, GOOD, rules)
    cluster.wait(lambda: cluster.condition("RolledOut")[1] == "Canary", "the canary begins")
    until_rolled_out(cluster, "OneVersion", GOOD)
    assert any("as good as the old version" in one for one in cluster.events("Promoting"))
    after = asker.asked_by_now()
    assert (after["failed"], after["wrong"], after["failures"]) == (0, 0, [])


def test_a_version_that_names_other_classes_comes_back_and_no_request_fails(
    shared_cluster: Cluster, artifacts: str, rules: dict[str, Any], asker: Asker
) -> None:
    """Clients see its answers while it is tried: who asks the canary gets another digit, not an error."""
    cluster = shared_cluster
    every = f"{IMAGES} images named by each protocol: another digit is noticed from now on"
    cluster.wait(lambda: asker.asked()["answered"] >= 2 * IMAGES + RATE, every)
    before = asker.asked()
    serve(cluster, artifacts, SWAPPED, rules)
    message = until_rolled_out(cluster, "RolledBack", GOOD)
    assert "it answers 0.0% of the samples like the old version, minAgreement is 0.9" in message
    assert any(message in one for one in cluster.events("RolledBack"))
    after = asker.asked_by_now()
    assert (after["failed"], after["failures"]) == (0, [])
    assert 0 < after["wrong"] - before["wrong"] < (after["answered"] - before["answered"]) / 2
    assert asker.asked_by_now()["wrong"] == after["wrong"]


async def test_a_version_that_answers_errors_comes_back_and_no_request_to_the_others_fails(
    shared_cluster: Cluster, artifacts: str, asker: Asker
) -> None:
    """Clients see its errors while it is tried: nobody asks again for them."""
    cluster = shared_cluster
    before = asker.asked()
    serve(cluster, artifacts, ERRING, LIMITS)
    message = until_rolled_out(cluster, "RolledBack", GOOD)
    told = re.fullmatch(
        r".*it answered (\d+) of (\d+) requests with an error, maxErrorRate is 0.02.*", message
    )
    assert told, message
    assert int(told[1]) == int(told[2]) >= 20
    assert any(message in one for one in cluster.events("RolledBack"))
    after = asker.asked_by_now()
    assert after["failed"] > 0
    assert all(map(REFUSALS.match, after["failures"])), after["failures"]
    assert after["failed"] < (after["answered"] - before["answered"]) / 2
    assert asker.asked_by_now()["failed"] == after["failed"]

    top = await fogline_on(KIND_KUBECONFIG)("top", "--measured", "--output=json")
    failed = {
        (one["version"], one["revision"]): one["figures"]["failed"]
        for one in json.loads(top.stdout)["measured"]["revisions"]
        if one["namespace"] == cluster.namespace
    }
    assert {version for (version, _), count in failed.items() if count} == {ERRING}
    assert {GOOD, ERRING} <= {version for version, _ in failed}
