"""What people do to each of our kinds with kubectl: they apply it, apply it changed, edit it and delete it.

Most other tests write as `WorldWrites` does, and have no annotation of kubectl on what they apply.
"""

from functools import partial

import pytest
from tests.support.profiles import profile_document
from tests.support.training_world import NAME, TrainingWorld
from tests.support.wait import wait_for
from tests.support.world import World
from tests.support.world_nodes import TEST_LABEL
from tests.support.world_profiles import WorldProfiles

from fogline.cluster.documents import Document
from fogline.cluster.kinds import MODEL_TRAININGS

pytestmark = pytest.mark.usefixtures("operator")


class Person:
    """Uses kubectl, and an editor that replaces one text."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self._world = world
        self._monkeypatch = monkeypatch

    async def applies(self, manifest: Document) -> None:
        """Apply a manifest on the client's side."""
        await self._world.kubectl("apply", "--filename=-", manifest=manifest)

    async def edits(self, kind: str, name: str, old: str, new: str) -> None:
        """Edit an object."""
        self._monkeypatch.setenv("KUBE_EDITOR", f"sed -i 's/{old}/{new}/'")
        await self._world.kubectl("edit", kind, name)

    async def deletes(self, kind: str, name: str) -> None:
        """Delete an object."""
        await self._world.kubectl("delete", kind, name, "--timeout=120s")


@pytest.fixture
def person(world: World, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Give the person at the keyboard."""
    return Person(world, monkeypatch)


async def test_a_model_follows_what_is_applied_and_edited_and_is_gone_when_deleted(
    world: World, person: Person
) -> None:
    await world.add_node()
    await person.applies(world.model_manifest(replicas=2, rebalancing={"cooldownSeconds": 5}))
    await world.until_ready(2)
    await person.applies(world.model_manifest(replicas=1))
    await world.until_ready(1)
    assert (await world.model())["spec"]["rebalancing"]["cooldownSeconds"] == 600, "the default again"
    await person.edits("mdep", "digits", "replicas: 1", "replicas: 3")
    await world.until_ready(3)
    await person.deletes("mdep", "digits")

    async def is_gone() -> bool:
        return not await world.children() and not await world.pods()

    await wait_for(is_gone, "nothing is left of the model")


async def test_a_profile_counts_as_it_is_applied_and_edited_until_it_is_deleted(
    world: World, profiles: WorldProfiles, person: Person
) -> None:
    await world.add_node(labels={"fogline.dev/cost-per-hour": "0.9"})
    await world.apply_model()
    await world.until_ready(1)
    name, nodes = profiles.name("all"), {TEST_LABEL: world.namespace}

    async def costs(usd: str) -> bool:
        return bool((await world.model())["status"].get("costPerHour") == usd)

    for price in ("0.5", "0.6"):
        await person.applies(profile_document(name, nodes, costPerHour=price))
        await wait_for(partial(costs, price), f"the model costs {price}")
    await person.edits("nprof", name, '"0.6"', '"0.7"')
    await wait_for(lambda: costs("0.7"), "the edited price counts")
    await person.deletes("nprof", name)
    await wait_for(lambda: costs("0.9"), "the price of the label counts again")


async def test_a_training_runs_anew_for_what_is_applied_and_edited_and_takes_its_jobs_along(
    world: World, person: Person
) -> None:
    training = TrainingWorld(world)
    fit = training.manifest()["spec"]["fit"]
    await person.applies(training.manifest())
    await training.pods_of(f"{NAME}-prepare-1")
    await person.applies(training.manifest(fit={**fit, "epochs": 3}))
    await training.pods_of(f"{NAME}-prepare-2")
    await person.edits("mtrain", NAME, "epochs: 3", "epochs: 4")
    await training.pods_of(f"{NAME}-prepare-3")
    assert (await world.client.get(MODEL_TRAININGS, world.namespace, NAME))["spec"]["fit"]["epochs"] == 4
    await person.deletes("mtrain", NAME)

    async def is_gone() -> bool:
        return await training.jobs() == []

    await wait_for(is_gone, "the Jobs are gone")
