"""A mistake of ours with one model, in a process with a real API server: nobody else is harmed by it."""

import os
from pathlib import Path

from dev.paths import ROOT
from tests.cluster.conftest import PATIENT
from tests.support.operator_process import OperatorProcess, alarms, records
from tests.support.poisoned_operator import NOT_DECIDED, NOT_RUN, NOT_WRITTEN
from tests.support.training_world import TrainingWorld
from tests.support.wait import wait_for
from tests.support.world import World


class PoisonedOperator(OperatorProcess):
    """Runs the operator with mistakes in it."""

    module = "tests.support.poisoned_operator"

    def __init__(self, kubeconfig: Path, log: Path) -> None:
        super().__init__(kubeconfig, log, **PATIENT)
        self._environment["PYTHONPATH"] += f"{os.pathsep}{ROOT}"


async def test_a_mistake_with_one_model_stops_no_other_and_is_told_where_people_look(
    world: World, operator_kubeconfig: Path, tmp_path: Path
) -> None:
    operator = PoisonedOperator(operator_kubeconfig, tmp_path / "log")
    try:
        await operator.start()
        await world.add_node()
        for name in (NOT_DECIDED, NOT_WRITTEN, "good"):
            await world.apply_model(name)
        for name in (NOT_DECIDED, NOT_WRITTEN):
            message = await world.until("Ready", "Unknown", "InternalError", name)
            assert "a mistake of Fogline, please report it: KeyError in fogline.reconcile." in message
        training = TrainingWorld(world, NOT_RUN)
        await training.apply()
        await wait_for(lambda: _is_told(training), "the training tells of it")
        await world.until_ready(1, "good")
        await world.edit_model({"replicas": 2}, "good")
        await world.until_ready(2, "good")
        await wait_for(lambda: _counts(operator), "all are counted")
        assert await operator.stop() == 0
    finally:
        operator.kill()
    mistakes = [record for record in records(operator.log()) if "exc_info" in record]
    assert sorted((one["model"], one["part"]) for one in mistakes) == [
        (f"{world.namespace}/{NOT_DECIDED}", "reconcile"),
        (f"{world.namespace}/{NOT_RUN}", "run"),
        (f"{world.namespace}/{NOT_WRITTEN}", "write"),
    ]
    assert len(alarms(operator.log())) == len(mistakes), operator.log()


async def _is_told(training: TrainingWorld) -> bool:
    return bool((await training.condition("Complete"))["reason"] == "InternalError")


async def _counts(operator: OperatorProcess) -> bool:
    text = await operator.metrics()
    return all(
        f'fogline_model_errors_total{{part="{part}"}}' in text for part in ("reconcile", "run", "write")
    )
