"""Digits trained inside the cluster on two workers, one of which dies, and served on both tiers."""

import os
from collections.abc import Iterator

import obstore
import pytest
from dev import libyaml
from dev import training as trainings
from dev.digits import EXAMPLE
from dev.store import StoreCredentials
from examples.digits.publish import store_of
from examples.digits.upload import upload
from tests.support.kind_cluster import OURS, Cluster, Manifest, condition_of, targets

LIMIT_SECONDS = 300.0
GOOD = 0.96
KILL_THE_SECOND_WORKER = """
for process in $(pgrep -f fogline_trainer); do
  if tr '\\0' '\\n' < /proc/$process/environ | grep -qx FOGLINE_WORKER=1; then kill -KILL $process; fi
done
"""


@pytest.fixture(scope="module")
def environment(store: StoreCredentials) -> Iterator[dict[str, str]]:
    """Have the store hold all images; gives the environment in which it is found."""
    with trainings.store(store) as environment:
        upload(environment)
        yield environment


def manifest(cluster: Cluster, name: str, **fields: object) -> Manifest:
    """Give the ModelTraining of the example in this namespace, with places of its own."""
    document = dict(libyaml.load((EXAMPLE / "modeltraining.yaml").read_text()))
    document["metadata"] = {"name": name, "namespace": cluster.namespace}
    place = f"{cluster.namespace}-{name}"
    document["spec"]["workspace"]["uri"] = f"s3://training/{place}"
    document["spec"]["publish"]["uri"] = f"s3://models/{place}"
    document["spec"] |= fields
    return document


def read(cluster: Cluster, name: str) -> Manifest:
    """Read a training."""
    return cluster.read(f"{OURS}/namespaces/{cluster.namespace}/modeltrainings/{name}")


def status(cluster: Cluster, name: str) -> Manifest:
    """Read what the operator says of a training."""
    return dict(read(cluster, name).get("status", {}))


def condition(cluster: Cluster, kind: str, name: str) -> tuple[str, str, str]:
    """Give status, reason and message of a condition of a training."""
    return condition_of(read(cluster, name), kind)


def until_complete(cluster: Cluster, name: str) -> Manifest:
    """Wait until a version is published; a training that has failed is not waited for."""

    def is_over() -> bool:
        verdict = condition(cluster, "Complete", name)
        assert verdict[0] == "True" or verdict[1] in {"", "RunUnderway"}, verdict
        return verdict[0] == "True"

    cluster.wait(is_over, "the training complete", LIMIT_SECONDS)
    return status(cluster, name)


def test_a_training_on_two_workers_of_which_one_is_killed_ends_in_a_model_that_both_tiers_serve(
    cluster: Cluster, environment: dict[str, str]
) -> None:
    del environment  # the images are there
    served = libyaml.load((EXAMPLE / "trained.yaml").read_text())
    served["metadata"]["namespace"] = cluster.namespace
    cluster.apply(served)
    cluster.apply(
        manifest(
            cluster,
            "digits",
            fit={"learningRate": "0.002", "epochs": 60, "batchSize": 64, "seed": 7},
            checkpoint={"everyEpochs": 2},
        )
    )
    cluster.wait(
        lambda: (status(cluster, "digits").get("progress") or {}).get("epoch", 0) >= 3,
        "the third epoch",
        LIMIT_SECONDS,
    )
    workers = cluster.kubectl.get(
        "pods",
        f"--namespace={cluster.namespace}",
        "--selector=fogline.dev/training=digits,batch.kubernetes.io/job-completion-index=1",
        "--field-selector=status.phase=Running",
    )["items"]
    node = workers[0]["spec"]["nodeName"]
    cluster.on_node(node, "sh", "-c", KILL_THE_SECOND_WORKER)

    done = until_complete(cluster, "digits")
    job = cluster.kubectl.get("job", "digits-train-1", f"--namespace={cluster.namespace}")
    assert job["status"]["failed"] >= 1
    assert done["progress"]["epoch"] == 60
    assert float(done["evaluation"]["value"]) >= GOOD
    assert {form["form"] for form in done["forms"]} == {"SavedModel", "TFLiteFloat32"}
    cluster.wait_until_ready(3)
    reports = cluster.predict(*targets(cluster.pods()))
    assert all(report["accuracy"] >= GOOD for report in reports)


def test_a_shard_that_is_changed_in_the_store_ends_the_training_and_the_next_run_makes_it_anew(
    cluster: Cluster, environment: dict[str, str]
) -> None:
    training = manifest(
        cluster,
        "corrupt",
        fit={"learningRate": "0.002", "epochs": 5, "batchSize": 64, "seed": 7},
        evaluation={"metric": "Accuracy", "minimum": "0.5"},
        export={"forms": ["TFLiteFloat32"]},
    )
    for field in ("modelDeployment", "readerSecretName"):
        del training["spec"]["publish"][field]
    cluster.apply(training)
    cluster.wait(lambda: condition(cluster, "DataReady", "corrupt")[0] == "True", "shards", LIMIT_SECONDS)
    store = store_of("training", {**os.environ, **environment})
    prefix = f"{cluster.namespace}-corrupt/data/"
    shards = [
        one["path"]
        for page in obstore.list(store, prefix)
        for one in page
        if one["path"].rpartition("/")[2].startswith("shard-")
    ]
    for path in shards:
        obstore.put(store, path, b"changed")
    cluster.wait(
        lambda: condition(cluster, "Trained", "corrupt")[1] == "ShardCorrupt", "the fault", LIMIT_SECONDS
    )
    assert condition(cluster, "Published", "corrupt")[0] != "True"
    cluster.run("annotate", "modeltraining", "corrupt", "fogline.dev/run-again=1")
    cluster.wait(lambda: status(cluster, "corrupt")["run"]["number"] == 2, "another run")
    assert until_complete(cluster, "corrupt")["published"]["version"] == 1
