"""Trainings whose workers Kubeflow Trainer makes. Its kinds are real; its controllers are played."""

import copy
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.conftest import PATIENT, StartOperator
from tests.support import kubeflow, policies
from tests.support.chart import Document, rendered
from tests.support.crd_cases import valid_manifests
from tests.support.dry_run import DryRun
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Fault, Refuse
from tests.support.kubectl import Kubectl
from tests.support.kubeflow import PlayedTrainer
from tests.support.mutants import Mutant, answers, terms_of
from tests.support.operator_process import OperatorProcess, WarmOperatorProcess, records
from tests.support.rights import (
    OPERATOR,
    WITH_KUBEFLOW_TRAINER,
    granted,
    service_account_objects,
    used,
)
from tests.support.training_world import NAME, TrainingWorld, answer
from tests.support.trainings import make_training
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.api import parse_model_training
from fogline.cluster.client import Client
from fogline.cluster.kinds import MODEL_TRAININGS, TRAIN_JOBS
from fogline.config import Settings
from fogline.names import TRAINER_GROUP
from fogline.objects import Step, step_documents, train_job, training_runtime

BY_TRAIN_JOB = {"count": 2, "engine": "TrainJob"}
KUEUE_PATCH = {
    "manager": "kueue.x-k8s.io/manager",
    "trainingRuntimeSpec": {"template": {"metadata": {}, "spec": {}}},
}
"""What Kueue puts into a TrainJob that is made."""
ON_SPOT = {
    "name": "train",
    "template": {"spec": {"template": {"spec": {"nodeSelector": {"pool": "spot"}}}}},
}
"""What Kueue adds when it admits a TrainJob."""
VALID = valid_manifests("ModelTraining")


@pytest.fixture(scope="module", autouse=True)
def _chart_with_kubeflow_trainer(kubectl: Kubectl) -> Iterator[None]:
    """Give the operator the rights and the policies that the chart has with Kubeflow Trainer."""
    kinds = {policies.POLICY, policies.BINDING}
    others = [one for one in rendered(WITH_KUBEFLOW_TRAINER) if one["kind"] in kinds]
    _apply(kubectl, service_account_objects(WITH_KUBEFLOW_TRAINER))
    policies.install(kubectl, others)
    yield
    _apply(kubectl, service_account_objects())
    policies.install(kubectl, policies.policies())
    shipped = policies.names(policies.policies())
    for name in policies.names(others):
        if name not in shipped:
            kubectl("delete", policies.POLICY, name)
            kubectl("delete", policies.BINDING, name)


def _apply(kubectl: Kubectl, documents: list[dict[str, Any]]) -> None:
    every = policies.listed(documents)
    kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", manifest=every)


@pytest.fixture(scope="module")
def kubeflow_trainer(kubectl: Kubectl) -> Iterator[None]:
    """Define its kinds."""
    kubeflow.install(kubectl)
    yield
    kubeflow.remove(kubectl)


@pytest.fixture(scope="module")
def shared_operator(
    operator_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OperatorProcess]:
    """Run one operator that uses Kubeflow Trainer."""
    log = tmp_path_factory.mktemp("operator") / "log"
    operator = WarmOperatorProcess(operator_kubeconfig, log, **PATIENT, kubeflow_trainer="true")
    operator.spawn()
    try:
        yield operator
    finally:
        operator.end()


@pytest.fixture
def training(world: World) -> TrainingWorld:
    """Give the training of this test."""
    return TrainingWorld(world)


@pytest.fixture
def trainer(world: World) -> PlayedTrainer:
    """Play the controllers for the first run."""
    return PlayedTrainer(world, f"{NAME}-1")


async def test_without_trainjobs_a_training_waits_and_goes_on_once_there_are_some(
    training: TrainingWorld, trainer: PlayedTrainer, start_operator: StartOperator, kubectl: Kubectl
) -> None:
    kubeflow.remove(kubectl)
    operator = await start_operator(kubeflow_trainer="true")
    await training.apply(workers=BY_TRAIN_JOB)
    assert "install Kubeflow Trainer 2" in await training.until("Complete", "False", "EngineMissing")
    await training.until("DataReady", "False", "EngineMissing")
    assert await training.jobs() == []
    told = [one for one in records(operator.log()) if one.get("kind") == TRAIN_JOBS.plural]
    assert [one["levelname"] for one in told] == ["INFO"]
    try:
        kubeflow.install(kubectl)
        await training.prepared()
        await trainer.make_job()
        await training.pods_of(trainer.job, 2)
        kubeflow.remove(kubectl)
        await training.until("Trained", "False", "EngineMissing")
        # the garbage collector of Kubernetes may not have known the kinds yet
        await training.world.kubectl("delete", "job", trainer.job, "--ignore-not-found")
        await training.pods_of(trainer.job, 0)
        kubeflow.install(kubectl)
        await trainer.make_job()
        await training.pods_of(trainer.job, 2)
    finally:
        kubeflow.remove(kubectl)


async def test_an_operator_that_may_not_use_kubeflow_trainer_says_so(
    training: TrainingWorld, start_operator: StartOperator
) -> None:
    await start_operator()
    await training.apply(workers=BY_TRAIN_JOB)
    assert "kubeflowTrainer.enabled" in await training.until("Complete", "False", "EngineMissing")
    await training.patch({"spec": {"workers": {"engine": "Job"}}})
    await training.pods_of(f"{NAME}-prepare-2")


@pytest.mark.usefixtures("kubeflow_trainer")
async def test_the_rights_to_trainjobs_are_all_used_and_none_is_missing(
    training: TrainingWorld,
    trainer: PlayedTrainer,
    operator_proxy: FaultProxy,
    start_operator: StartOperator,
) -> None:
    await start_operator(kubeflow_trainer="true")
    foreign = train_job(make_training(), 1)
    foreign["metadata"] = {"name": foreign["metadata"]["name"]}
    await training.world.create(foreign)
    await training.apply(workers=BY_TRAIN_JOB)
    await training.prepared()
    assert "TrainJob digits-1" in await training.until("Accepted", "False", "NameTaken")
    await training.world.delete(TRAIN_JOBS, f"{NAME}-1")
    await training.until("Accepted", "True", "Valid")
    await training.patch({"spec": {"suspend": True}})
    await wait_for(partial(_is_suspended, trainer, wanted=True), "the TrainJob is suspended")
    operator_proxy.add(Fault(Refuse(HTTPStatus.INTERNAL_SERVER_ERROR), "DELETE", "/trainjobs/"))
    await training.patch({"spec": {"fit": {"epochs": 3}}})
    await wait_for(trainer.is_gone, "the TrainJob of the first run is gone, and what it was made from")
    wanted = {one for one in granted(OPERATOR, WITH_KUBEFLOW_TRAINER) if one.group == TRAINER_GROUP}
    assert {one for one in used(operator_proxy.requests) if one.group == TRAINER_GROUP} == wanted
    assert not any(one.group == TRAINER_GROUP for one in granted(OPERATOR))


@pytest.mark.usefixtures("kubeflow_trainer")
@pytest.mark.parametrize("manifest", VALID, ids=lambda one: next(iter(one["spec"].get("model", {"-": 0}))))
def test_the_api_server_takes_what_the_workers_are_made_from_to_the_letter(
    manifest: dict[str, Any], dry_run: DryRun
) -> None:
    spec = manifest["spec"]
    training = make_training(**{**spec, "workers": {**spec["workers"], "engine": "TrainJob"}})
    for document in step_documents(training, Step.TRAIN, 1, Settings()):
        dry_run.stored(document)


@pytest.mark.usefixtures("kubeflow_trainer", "operator")
async def test_a_run_whose_workers_are_a_trainjob_ends_as_one_with_a_job(
    training: TrainingWorld, trainer: PlayedTrainer
) -> None:
    await training.apply(workers=BY_TRAIN_JOB)
    await training.prepared()
    await trainer.make_job()
    workers = await training.pods_of(trainer.job, 2)
    await training.until("Trained", "False", "PodsNotScheduled")
    for pod in workers:
        await training.end(pod, answer({"epochs": 40, "loss": 0.25}))
    assert (await training.condition("Trained"))["status"] == "False", "the TrainJob has not ended"
    await trainer.completed()
    await training.until("Trained", "True", "Trained")
    status = await training.status()
    assert [one["index"] for one in status["workers"]] == [0, 1]
    assert status["progress"]["loss"] == "0.25"
    await training.published()
    await wait_for(lambda: _has_ended(training), "the run is over", seen=training.status)
    assert (await training.status())["history"][0]["version"] == 1
    await training.patch({"spec": {"fit": {"epochs": 3}}})
    await training.pods_of(f"{NAME}-prepare-2")
    await wait_for(trainer.is_gone, "the TrainJob of the first run is gone, and what it was made from")


async def _has_ended(training: TrainingWorld) -> bool:
    return "finishedAt" in (await training.status())["run"]


@pytest.mark.usefixtures("kubeflow_trainer", "operator")
async def test_why_a_trainjob_failed_is_read_from_its_workers(
    training: TrainingWorld, trainer: PlayedTrainer
) -> None:
    await training.apply(workers=BY_TRAIN_JOB)
    await training.prepared()
    await trainer.make_job()
    first, _ = await training.pods_of(trainer.job, 2)
    await training.end(first, answer(reason="ShardCorrupt", message="shard 1"), 2, "Error")
    await trainer.failed()
    assert await training.until("Trained", "False", "ShardCorrupt") == "shard 1"
    await training.until("Complete", "False", "ShardCorrupt")


@pytest.mark.usefixtures("kubeflow_trainer", "operator")
async def test_a_trainjob_that_fails_without_a_pod_tells_its_own_reason(
    training: TrainingWorld, trainer: PlayedTrainer
) -> None:
    await training.apply(workers=BY_TRAIN_JOB)
    await training.prepared()
    await wait_for(trainer.train_job, "there is a TrainJob")
    await trainer.report("Failed", "TrainingRuntimeNotSupported", "unsupported runtime")
    assert "TrainingRuntimeNotSupported" in await training.until("Trained", "False", "StepFailed")


@pytest.mark.usefixtures("kubeflow_trainer", "operator")
async def test_a_suspended_training_suspends_its_trainjob_and_deletion_takes_all_along(
    training: TrainingWorld, trainer: PlayedTrainer
) -> None:
    await training.apply(workers=BY_TRAIN_JOB)
    await training.prepared()
    await trainer.make_job()
    await training.pods_of(trainer.job, 2)
    for suspend, pods in ((True, 0), (False, 2)):
        await training.patch({"spec": {"suspend": suspend}})
        await wait_for(
            partial(_is_suspended, trainer, wanted=suspend), f"suspend of the TrainJob is {suspend}"
        )
        await trainer.pass_suspension_on()
        await training.pods_of(trainer.job, pods)
    await training.world.delete(MODEL_TRAININGS, NAME)
    await wait_for(trainer.is_gone, "the TrainJob is gone, and what it was made from")
    await training.pods_of(trainer.job, 0)


@pytest.mark.usefixtures("kubeflow_trainer", "operator")
async def test_a_trainjob_that_a_queue_holds_waits_and_a_user_can_still_suspend_it_later(
    training: TrainingWorld, trainer: PlayedTrainer
) -> None:
    await training.apply(workers=BY_TRAIN_JOB)
    await training.prepared()
    await trainer.make_job()
    await training.as_queue("trainjob", trainer.name, {"spec": {"suspend": True}})
    assert f"TrainJob {trainer.name}" in await training.until("Complete", "False", "SuspendedByOther")
    await training.passed_again()
    assert await _is_suspended(trainer, wanted=True)
    patches = [{**KUEUE_PATCH, "trainingRuntimeSpec": {"template": {"spec": {"replicatedJobs": [ON_SPOT]}}}}]
    await training.as_queue("trainjob", trainer.name, {"spec": {"runtimePatches": patches}})
    await training.as_queue("trainjob", trainer.name, {"spec": {"suspend": False}})
    await training.until("Complete", "False", "RunUnderway")
    await training.patch({"spec": {"suspend": True}})
    await wait_for(partial(_is_suspended, trainer, wanted=True), "the TrainJob is suspended")
    await training.patch({"spec": {"suspend": False}})
    await wait_for(partial(_is_suspended, trainer, wanted=False), "the TrainJob goes on")


async def _is_suspended(trainer: PlayedTrainer, *, wanted: bool) -> bool:
    live = await trainer.train_job()
    return live is not None and live["spec"]["suspend"] is wanted


def _of_runtime(change: Callable[[Document], object]) -> Mutant:
    """Change the pod template of a runtime."""

    def changed(good: Document) -> Document:
        made = copy.deepcopy(good)
        (workers,) = made["spec"]["template"]["spec"]["replicatedJobs"]
        change(workers["template"]["spec"]["template"])
        return made

    return changed


def _of_train_job(**spec: Any) -> Mutant:
    return lambda good: {**good, "spec": {**good["spec"], **spec}}


def _doubled(good: Document) -> Document:
    made = copy.deepcopy(good)
    jobs = made["spec"]["template"]["spec"]["replicatedJobs"]
    jobs.append({**jobs[0], "name": "another"})
    return made


def _disowned(good: Document) -> Document:
    return {**good, "metadata": {**good["metadata"], "ownerReferences": []}}


HOST = "must name no node, and have no service account token and nothing of their node"
AS_IT_IS = "must take its runtime, the TrainingRuntime of the same name, as it is"
ON_A_RUNTIME = {
    "demands no clearance": (
        _of_runtime(lambda template: terms_of(template)[0].update(matchExpressions=[])),
        "every required nodeSelectorTerm must demand a clearance",
    ),
    "asks for a token": (
        _of_runtime(lambda template: template["spec"].update(automountServiceAccountToken=True)),
        HOST,
    ),
    "has a second Job": (_doubled, "must have one Job"),
    "belongs to nobody": (_disowned, "only TrainingRuntimes that belong to a ModelTraining"),
}
ON_A_TRAIN_JOB = {
    "has a patch that only Kueue's controller may write": (
        _of_train_job(
            runtimePatches=[
                {**KUEUE_PATCH, "trainingRuntimeSpec": {"template": {"spec": {"replicatedJobs": [ON_SPOT]}}}}
            ]
        ),
        AS_IT_IS,
    ),
    "has a patch of somebody else": (
        _of_train_job(runtimePatches=[{**KUEUE_PATCH, "manager": "example.com/somebody"}]),
        AS_IT_IS,
    ),
    "runs another program": (_of_train_job(trainer={"command": ["sh"]}), AS_IT_IS),
    "takes a runtime of somebody else": (
        _of_train_job(runtimeRef={"kind": "ClusterTrainingRuntime", "name": f"{NAME}-1"}),
        AS_IT_IS,
    ),
    "belongs to nobody": (_disowned, "only TrainJobs that belong to a ModelTraining"),
}


@pytest.mark.usefixtures("kubeflow_trainer")
async def test_no_mistake_in_what_the_workers_are_made_from_gets_as_far_as_pods(
    world: World, operator_client: Client
) -> None:
    placement = {"dataSensitivity": "Restricted"}
    await TrainingWorld(world).apply(placement=placement, workers=BY_TRAIN_JOB)
    live = parse_model_training(await world.client.get(MODEL_TRAININGS, world.namespace, NAME))
    runtime, made = training_runtime(live, 1, Settings()), train_job(live, 1)
    made["spec"]["runtimePatches"] = [KUEUE_PATCH]  # as the webhook of Kueue leaves it
    for good, mutants in ((runtime, ON_A_RUNTIME), (made, ON_A_TRAIN_JOB)):
        found = await answers(good, mutants, operator_client.create)
        assert found == {name: wanted for name, (_, wanted) in mutants.items()}
        await operator_client.create(good)
