"""The objects of a run: restricted pods with the requirements of models, and no more than each step needs."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.support.crd_cases import valid_manifests
from tests.support.live import SETTINGS
from tests.support.node_selector import accepts
from tests.support.pod_security import violations
from tests.support.trainings import make_training

import fogline_trainer.run_document
from fogline.names import CLEARANCE_LABEL, RUN_ANNOTATION, TIER_LABEL
from fogline.objects import (
    Step,
    job,
    key_of,
    run_document,
    step_documents,
    train_job,
    training_runtime,
    workers_service,
)

AssertGolden = Callable[[str, Any], None]
VALID = valid_manifests("ModelTraining")


BY_TRAIN_JOB = {**VALID[0]["spec"]["workers"], "engine": "TrainJob"}


def pod(step: Step, **spec: Any) -> dict[str, Any]:
    found: dict[str, Any] = job(make_training(**spec), step, 1, SETTINGS)["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize("step", Step)
def test_the_job_of_each_step(assert_golden: AssertGolden, step: Step) -> None:
    built = job(make_training(), step, 3, SETTINGS)
    del built["spec"]["template"]["metadata"]["annotations"]  # the run document, in one long line
    assert_golden(f"training-{step}", built)


def test_the_document_of_a_run_and_the_service_of_its_workers(assert_golden: AssertGolden) -> None:
    training = make_training()
    assert_golden("training-run", run_document(training, 3))
    assert_golden("training-workers", workers_service(training))


def workers_of(runtime: dict[str, Any]) -> dict[str, Any]:
    (found,) = runtime["spec"]["template"]["spec"]["replicatedJobs"]
    return dict(found["template"])


def test_the_trainjob_of_a_run_and_its_runtime(assert_golden: AssertGolden) -> None:
    training = make_training(workers=BY_TRAIN_JOB)
    runtime = training_runtime(training, 3, SETTINGS)
    del workers_of(runtime)["spec"]["template"]["metadata"][
        "annotations"
    ]  # the run document, in one long line
    assert_golden("training-runtime", runtime)
    assert_golden("training-trainjob", train_job(training, 3))


def test_a_trainjob_asks_for_the_same_pods_as_a_job_but_for_their_addresses() -> None:
    training = make_training(workers=BY_TRAIN_JOB)
    workers = workers_of(training_runtime(training, 3, SETTINGS))
    as_job = job(training, Step.TRAIN, 3, SETTINGS)
    assert workers["spec"] == as_job["spec"]
    assert workers["metadata"]["labels"].items() <= as_job["metadata"]["labels"].items()
    (by_job,) = job(make_training(), Step.TRAIN, 3, SETTINGS)["spec"]["template"]["spec"]["containers"]
    (by_train_job,) = workers["spec"]["template"]["spec"]["containers"]
    assert {key for key in by_job if by_job[key] != by_train_job[key]} == {"env"}
    addresses = {one["name"]: one.get("value") for one in by_train_job["env"]}["FOGLINE_WORKER_ADDRESSES"]
    assert addresses == "digits-3-train-0-0.digits-workers:2222,digits-3-train-0-1.digits-workers:2222"


def test_the_queue_that_a_training_names_takes_its_jobs_and_nothing_else() -> None:
    queue = {"kueue.x-k8s.io/queue-name": "team-a", "kueue.x-k8s.io/priority-class": "low"}
    training = make_training(workers=BY_TRAIN_JOB)
    meta = msgspec.structs.replace(training.metadata, labels={**queue, "team": "a"})
    queued = msgspec.structs.replace(training, metadata=meta)
    assert key_of(queued) == key_of(training)
    for built, same in (
        (job(queued, Step.PREPARE, 3, SETTINGS), job(training, Step.PREPARE, 3, SETTINGS)),
        (train_job(queued, 3), train_job(training, 3)),
    ):
        assert built["metadata"]["labels"] == {**same["metadata"]["labels"], **queue}
        assert built["spec"] == same["spec"]
        assert "suspend" not in built["spec"], "that is for the queue to say"
    assert training_runtime(queued, 3, SETTINGS) == training_runtime(training, 3, SETTINGS)


@pytest.mark.parametrize(
    ("engine", "kinds"),
    [("Job", ["Service", "Job"]), ("TrainJob", ["Service", "TrainingRuntime", "TrainJob"])],
)
def test_what_a_step_needs_is_made_before_what_begins_it(engine: str, kinds: list[str]) -> None:
    training = make_training(workers={"count": 2, "engine": engine})
    assert [one["kind"] for one in step_documents(training, Step.TRAIN, 1, SETTINGS)] == kinds
    for step in (Step.PREPARE, Step.FINISH):
        assert [one["kind"] for one in step_documents(training, step, 1, SETTINGS)] == ["Job"]


@pytest.mark.parametrize("step", Step)
def test_every_pod_reads_the_document_of_its_run(step: Step) -> None:
    template = job(make_training(), step, 3, SETTINGS)["spec"]["template"]
    (item,) = template["spec"]["volumes"][0]["downwardAPI"]["items"]
    assert item["fieldRef"] == {"fieldPath": f"metadata.annotations['{RUN_ANNOTATION}']"}
    assert json.loads(template["metadata"]["annotations"][RUN_ANNOTATION]) == run_document(make_training(), 3)


@pytest.mark.parametrize("manifest", VALID, ids=lambda one: next(iter(one["spec"].get("model", {"-": 0}))))
@pytest.mark.parametrize("step", Step)
def test_every_pod_passes_the_restricted_pod_security_standard(manifest: dict[str, Any], step: Step) -> None:
    spec = pod(step, **manifest["spec"])
    assert violations(spec) == []
    assert spec["automountServiceAccountToken"] is False
    assert spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("step", Step)
def test_pods_of_every_step_demand_the_clearance_in_every_term(step: Step) -> None:
    affinity = pod(step, placement={"dataSensitivity": "Restricted"})["affinity"]
    cloud = {TIER_LABEL: "Cloud"}
    assert accepts(affinity, {**cloud, CLEARANCE_LABEL: "Restricted"})
    for labels in (cloud, {}, {**cloud, CLEARANCE_LABEL: "Confidential"}, {CLEARANCE_LABEL: "Internal"}):
        assert not accepts(affinity, labels)


def test_regions_of_pods_are_matched_on_the_label_of_the_settings() -> None:
    settings = replace(SETTINGS, region_label="fogline.node-restriction.kubernetes.io/region")
    training = make_training(placement={"allowedRegions": ["eu-west"]})
    affinity = job(training, Step.TRAIN, 1, settings)["spec"]["template"]["spec"]["affinity"]
    assert accepts(affinity, {settings.region_label: "eu-west"})
    assert not accepts(affinity, {"topology.kubernetes.io/region": "eu-west"})


def test_a_step_gets_the_secrets_of_the_places_that_it_has_to_do_with() -> None:
    def secrets(step: Step) -> set[str]:
        return {one["secret"]["secretName"] for one in pod(step)["volumes"] if "secret" in one}

    assert secrets(Step.PREPARE) == {"data-reader", "training"}
    assert secrets(Step.TRAIN) == {"training"}
    assert secrets(Step.FINISH) == {"training", "models-writer"}


def test_claims_are_mounted_whole_and_those_that_are_only_read_read_only() -> None:
    manifest = next(one for one in VALID if one["spec"]["data"]["uri"].startswith("pvc://"))
    mounts = {
        one["name"]: one for one in pod(Step.PREPARE, **manifest["spec"])["containers"][0]["volumeMounts"]
    }
    assert mounts["data-volume"] == {"name": "data-volume", "mountPath": "/volumes/data", "readOnly": True}
    assert mounts["workspace-volume"] == {"name": "workspace-volume", "mountPath": "/volumes/workspace"}


def test_names_fit_even_for_the_longest_name_and_the_last_worker_of_a_late_run() -> None:
    training = make_training("a" * 40, fit={"batchSize": 64}, workers={"count": 64})
    for step in Step:
        assert len(f"{job(training, step, 99_999, SETTINGS)['metadata']['name']}-63") <= 63
    of_job_set = f"{train_job(training, 99_999)['metadata']['name']}-{Step.TRAIN}-0-63-abcde"
    assert len(of_job_set) <= 63


def test_the_key_of_a_run_changes_with_what_matters_and_with_the_annotation_alone() -> None:
    before = make_training()
    same = make_training(suspend=True, historyLimit=1, ttlSecondsAfterFinished=None, workers={"count": 2})
    assert key_of(same) == key_of(before)
    assert key_of(make_training(fit={"seed": 8})) != key_of(before)
    meta = msgspec.structs.replace(before.metadata, annotations={"fogline.dev/run-again": "monday"})
    assert key_of(msgspec.structs.replace(before, metadata=meta)) != key_of(before)


def test_a_default_that_is_written_out_begins_no_other_run() -> None:
    implied, written = make_training(checkpoint=None), make_training(checkpoint={"everyEpochs": 1})
    assert key_of(implied) == key_of(written)


@pytest.mark.parametrize(
    ("change", "path", "expected"),
    [
        ({"model": None}, ("model", "dense", "units"), [64, 32]),
        ({"model": {"module": {"configMapName": "m"}}}, ("model", "module", "key"), "model.py"),
        ({"fit": None}, ("fit", "epochs"), 10),
        ({"export": None}, ("export", "parity", "minAgreementPercent"), "99"),
    ],
)
def test_a_run_document_has_all_defaults(
    change: dict[str, Any], path: tuple[str, ...], expected: Any
) -> None:
    found: Any = run_document(make_training(**change), 1)["spec"]
    for step in path:
        found = found[step]
    assert found == expected


@pytest.mark.parametrize("manifest", VALID, ids=lambda one: next(iter(one["spec"].get("model", {"-": 0}))))
def test_the_trainer_reads_every_run_document_as_it_was_meant(manifest: dict[str, Any]) -> None:
    training = make_training(**manifest["spec"])
    read = fogline_trainer.run_document.parse(json.dumps(run_document(training, 3)).encode())
    assert (read.training, read.run, read.key) == ("digits", 3, key_of(training))
    assert read.spec.data.uri == training.spec.data.uri
    assert read.spec.data.features.shape == training.spec.data.features.shape
    assert read.spec.fit.batch_size == training.spec.fit.batch_size
    assert read.spec.placement.data_sensitivity == training.spec.placement.data_sensitivity.value
    assert tuple(read.spec.export.forms) == tuple(one.value for one in training.spec.export.forms)


def test_a_run_document_says_the_format_that_the_name_of_the_file_tells() -> None:
    spec = VALID[-1]["spec"]
    assert "format" not in spec["data"]
    assert run_document(make_training(**spec), 1)["spec"]["data"]["format"] == "TFRecord"
