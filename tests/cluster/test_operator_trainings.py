"""Trainings on a real API server, with its Job controller; the kubelet is played by the test."""

import json

import pytest
from tests.support.progress import answering, response
from tests.support.training_world import AWAITED, TrainingWorld, answer, finished
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.documents import Document
from fogline.cluster.kinds import JOBS, MODEL_TRAININGS, PODS, SERVICES
from fogline.objects import INDEX_ANNOTATION, PROGRESS_PORT

WORKER_ADDRESS = "127.77.0.1"
"""Of the pod of a worker that is played by this process."""
INTERNAL = {"dataSensitivity": "Internal"}


@pytest.fixture
def training(world: World) -> TrainingWorld:
    """Give the training of this test."""
    return TrainingWorld(world)


@pytest.mark.usefixtures("operator")
async def test_a_run_goes_through_its_steps_and_its_version_gets_into_the_modeldeployment(
    training: TrainingWorld,
) -> None:
    world = training.world
    await world.apply_model(variants=AWAITED, placement=INTERNAL)
    await world.until("ArtifactReady", "False", "ArtifactAwaited")
    await training.apply()
    await training.until("DataReady", "False", "PodsNotScheduled")
    await training.prepared()
    await training.until("DataReady", "True", "Prepared")
    assert (await training.status())["data"]["shards"][1]["sha256"] == "1" * 64
    await training.pods_of("digits-train-1", 2)
    assert await world.child(SERVICES, "digits-workers")
    await training.trained()
    await training.until("Trained", "True", "Trained")
    await training.published()
    assert "version 1" in await training.until("Complete", "True", "RunPublished")
    status = await training.status()
    assert status["evaluation"]["value"] == "0.9777"
    assert status["history"][0]["version"] == 1
    assert status["published"] == finished()["published"]
    await training.until("Published", "True", "Published")
    assert await training.artifacts() == {
        "cloud": {
            "uri": "s3://models/digits/savedmodel/1",
            "sha256": "a" * 64,
            "secretName": "models-reader",
        },
        "edge": {
            "uri": "s3://models/digits/tflite-float32/1",
            "sha256": "a" * 64,
            "secretName": "models-reader",
        },
    }
    assert await training.jobs() == ["digits-finish-1", "digits-prepare-1", "digits-train-1"]
    assert await world.until_told("RunCompleted") == ["run 1 has published version 1"]


@pytest.mark.usefixtures("operator")
async def test_bad_data_ends_the_run_at_once_and_another_spec_begins_another(training: TrainingWorld) -> None:
    await training.apply()
    (pod,) = await training.pods_of("digits-prepare-1")
    await training.end(pod, answer(reason="NotFinite", message="sample 3 of pixels is NaN"), 2, "Error")
    assert await training.until("DataReady", "False", "NotFinite") == "sample 3 of pixels is NaN"
    await training.until("Complete", "False", "NotFinite")
    await training.patch({"spec": {"data": {"uri": "s3://data/better.npz"}}})
    await training.pods_of("digits-prepare-2")
    await wait_for(lambda: _is(training, ["digits-prepare-2"]), "the Jobs of the old run are deleted")
    assert (await training.status())["history"][0]["reason"] == "NotFinite"


async def _is(training: TrainingWorld, jobs: list[str]) -> bool:
    return await training.jobs() == jobs


@pytest.mark.usefixtures("operator")
async def test_a_gate_that_refuses_publishes_nothing(training: TrainingWorld) -> None:
    await training.world.apply_model(variants=AWAITED, placement=INTERNAL)
    await training.apply()
    await training.prepared()
    await training.trained()
    (pod,) = await training.pods_of("digits-finish-1")
    await training.end(pod, answer(reason="GateRefused", message="0.91 is below 0.96"), 2, "Error")
    await training.until("Evaluated", "False", "GateRefused")
    await training.until("Published", "False", "WaitingForEarlierStep")
    assert await training.artifacts() == {"cloud": None, "edge": None}


@pytest.mark.usefixtures("operator")
async def test_a_suspended_training_stops_its_pods_and_goes_on_later(training: TrainingWorld) -> None:
    await training.apply()
    await training.pods_of("digits-prepare-1")
    await training.patch({"spec": {"suspend": True}})
    await training.until("Suspended", "True", "SuspendedByUser")
    await training.pods_of("digits-prepare-1", 0)
    await training.patch({"spec": {"suspend": False}})
    await training.prepared()
    await training.until("DataReady", "True", "Prepared")


@pytest.mark.usefixtures("operator")
async def test_a_job_that_a_queue_holds_waits_and_goes_on_when_the_queue_lets_it(
    training: TrainingWorld,
) -> None:
    await training.apply()
    await training.pods_of("digits-prepare-1")
    await training.as_queue("job", "digits-prepare-1", {"spec": {"suspend": True}})
    await training.until("Suspended", "True", "SuspendedByOther")
    assert "Job digits-prepare-1" in await training.until("Complete", "False", "SuspendedByOther")
    await training.pods_of("digits-prepare-1", 0)
    for suspend, reason in ((True, "SuspendedByUser"), (False, "SuspendedByOther")):
        await training.patch({"spec": {"suspend": suspend}})
        await training.until("Suspended", "True", reason)
    await training.passed_again()
    assert (await _job(training))["spec"]["suspend"] is True
    await training.as_queue("job", "digits-prepare-1", {"spec": {"suspend": False}})
    await training.until("Suspended", "False", "NotSuspended")
    await training.prepared()
    await training.until("DataReady", "True", "Prepared")


@pytest.mark.usefixtures("operator")
async def test_a_queue_that_lets_go_on_what_the_user_suspends_is_not_contested_for_long(
    training: TrainingWorld,
) -> None:
    await training.apply()
    await training.pods_of("digits-prepare-1")
    await training.patch({"spec": {"suspend": True}})
    await training.pods_of("digits-prepare-1", 0)
    first = await _job(training)
    await training.as_queue("job", "digits-prepare-1", {"spec": {"suspend": False}})
    await wait_for(lambda: _is(training, []), "the Job is deleted")
    await training.passed_again()
    assert await training.jobs() == []
    await training.patch({"spec": {"suspend": False}})
    await training.prepared()
    await training.until("DataReady", "True", "Prepared")
    assert (await _job(training))["metadata"]["uid"] != first["metadata"]["uid"]


async def _job(training: TrainingWorld) -> Document:
    found = await training.job("digits-prepare-1")
    assert found is not None
    return found


@pytest.mark.usefixtures("operator")
async def test_an_artifact_that_somebody_else_has_set_is_left_alone_and_named(
    training: TrainingWorld,
) -> None:
    mine = {"uri": "s3://models/mine/1"}
    variants = [{**AWAITED[0], "artifact": mine}, AWAITED[1]]
    world = training.world
    model = world.model_manifest(variants=variants, placement=INTERNAL)
    await world.kubectl("apply", "--filename=-", manifest=model)
    await training.apply()
    await training.prepared()
    await training.trained()
    await training.published()
    told = await training.until("Published", "False", "FieldConflict")
    assert "kubectl" in told
    assert (await training.artifacts())["cloud"] == mine


@pytest.mark.usefixtures("operator")
async def test_a_model_gets_into_no_modeldeployment_of_a_lower_sensitivity(training: TrainingWorld) -> None:
    await training.world.apply_model(variants=AWAITED)
    await training.apply()
    await training.prepared()
    await training.trained()
    await training.published()
    assert "raise its dataSensitivity" in await training.until("Published", "False", "SensitivityLowered")
    assert await training.artifacts() == {"cloud": None, "edge": None}
    await training.world.edit_model({"placement": INTERNAL})
    await training.until("Complete", "True", "RunPublished")


@pytest.mark.usefixtures("operator")
async def test_what_a_worker_says_of_itself_is_in_the_status(training: TrainingWorld) -> None:
    said = {"epoch": 3, "epochs": 40, "samplesPerSecond": 1000.0, "loss": 0.25, "metric": 0.9}
    await training.apply()
    await training.prepared()
    workers = await training.pods_of("digits-train-1", 2)
    (first,) = [one for one in workers if one["metadata"]["annotations"][INDEX_ANNOTATION] == "0"]
    at = {"phase": "Running", "podIP": WORKER_ADDRESS, "podIPs": [{"ip": WORKER_ADDRESS}]}

    async def is_told() -> bool:
        return "progress" in await training.status()

    async with answering(response(json.dumps(said).encode()), WORKER_ADDRESS, PROGRESS_PORT):
        name = first["metadata"]["name"]
        await training.world.patch(PODS, name, {"status": at}, subresource="status")
        await wait_for(is_told, "the status tells of the progress", seen=training.status)
    status = await training.status()
    assert (status["progress"]["epoch"], status["progress"]["epochs"]) == (3, 40)
    assert [one.get("epoch") for one in status["workers"]] == [3, None]


@pytest.mark.usefixtures("operator")
async def test_a_training_that_is_deleted_takes_all_that_is_its_own_along(training: TrainingWorld) -> None:
    await training.apply()
    await training.prepared()
    await training.pods_of("digits-train-1", 2)
    await training.world.delete(MODEL_TRAININGS, "digits")
    await wait_for(lambda: _is_gone(training), "Jobs, pods and the Service are gone", seen=training.jobs)


async def _is_gone(training: TrainingWorld) -> bool:
    client, namespace = training.world.client, training.world.namespace
    return not any([(await client.list(kind, namespace=namespace)).items for kind in (JOBS, PODS, SERVICES)])
