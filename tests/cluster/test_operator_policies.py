"""Without its admission policies the operator places and trains nothing sensitive, and resumes by itself."""

from collections.abc import Iterator

import pytest
from tests.cluster.conftest import StartOperator
from tests.support.kubectl import Kubectl
from tests.support.policies import BINDING, POLICY, install, names, policies
from tests.support.training_world import TrainingWorld
from tests.support.wait import wait_for
from tests.support.world import World

NAME = "fogline-kubelet-pods"
WATCHED = ",".join(one for one in names(policies()) if one != "fogline-template-clearance")
CONFIDENTIAL = {"dataSensitivity": "Confidential"}


@pytest.fixture
def _policies_come_back(kubectl: Kubectl) -> Iterator[None]:
    """Leave the policies as they were."""
    yield
    install(kubectl, policies())


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (("delete", POLICY, NAME), f"ValidatingAdmissionPolicy {NAME} is gone"),
        (("delete", BINDING, NAME), f"ValidatingAdmissionPolicy {NAME} has no binding"),
        (
            ("patch", BINDING, NAME, "--type=merge", '--patch={"spec": {"validationActions": ["Audit"]}}'),
            f"ValidatingAdmissionPolicy {NAME} does not deny",
        ),
    ],
    ids=["policy-deleted", "binding-deleted", "does-not-deny"],
)
@pytest.mark.usefixtures("_policies_come_back")
async def test_while_a_policy_is_missing_nothing_sensitive_is_placed_and_all_else_is(
    world: World, start_operator: StartOperator, kubectl: Kubectl, break_it: tuple[str, ...], said: str
) -> None:
    operator = await start_operator(policies=WATCHED, policy_seconds=1)
    await world.add_node(clearance="Restricted")
    await world.apply_model(placement=CONFIDENTIAL)
    await world.until_ready(1)
    await world.until("PolicyCompliant", "True", "RequirementsHold")
    await world.kubectl(*break_it)
    told = await world.until("PolicyCompliant", "Unknown", "PolicyMissing")
    assert said in told
    assert "helm upgrade of the release brings it back" in told
    assert "fogline_policies_missing 1.0" in await operator.metrics()
    await world.edit_model({"replicas": 2})
    assert said in await world.until("Placed", "False", "PolicyMissing")
    await world.apply_model("open")
    await world.until_ready(1, "open")
    await wait_for(lambda: one_is_added(world), "there is a second pod")
    bound = [pod["spec"].get("nodeName") for pod in await world.pods()]
    assert sorted(map(bool, bound)) == [False, True], "what ran goes on, and the new one is not placed"
    install(kubectl, policies())
    await world.until_ready(2)
    await world.until("PolicyCompliant", "True", "RequirementsHold")
    assert "fogline_policies_missing 0.0" in await operator.metrics()


async def one_is_added(world: World) -> bool:
    return len(await world.pods()) == 2


@pytest.mark.usefixtures("_policies_come_back")
async def test_while_a_policy_is_missing_no_step_of_a_sensitive_training_begins(
    world: World, start_operator: StartOperator, kubectl: Kubectl
) -> None:
    await world.kubectl("delete", POLICY, "fogline-training-clearance")
    await start_operator(policies=WATCHED, policy_seconds=1)
    training = TrainingWorld(world)
    await training.apply(placement=CONFIDENTIAL)

    async def says_why() -> bool:
        said = await training.condition("Complete")
        return said["reason"] == "PolicyMissing" and "fogline-training-clearance is gone" in said["message"]

    await wait_for(says_why, "the training says which policy is gone", seen=training.status)
    assert (await training.condition("DataReady"))["reason"] == "PolicyMissing"
    assert await training.jobs() == []
    install(kubectl, policies())
    await training.pods_of("digits-prepare-1")
    await training.until("Complete", "False", "RunUnderway")
