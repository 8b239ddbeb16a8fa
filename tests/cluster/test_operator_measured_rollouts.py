"""New versions that are measured: what the collector tells of them decides how far they go."""

import msgspec
from dev.ports import free_port
from tests.cluster.conftest import StartOperator
from tests.cluster.test_operator_rollouts import NEW, NEWER, OLD, has_versions, serve, serving
from tests.collector.test_schema import EMPTY, NOTHING
from tests.support.wait import wait_for
from tests.support.world import World

from fogline import health
from fogline.collector.answer import Agreement, Answered, Clients, Revision
from fogline.collector.serve import application


class Told:
    """What a collector tells of the versions of one model, as a test says."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._revisions: tuple[Revision, ...] = ()

    def figures(self) -> Answered:
        """Answer as the collector does."""
        return msgspec.structs.replace(EMPTY, revisions=self._revisions)

    async def tell(self, image: str, requests: int, failed: int, agreement: Agreement | None = None) -> None:
        """Tell of a version, and of no other."""
        pods = await self._world.pods()
        pod = next(one for one in pods if one["spec"]["containers"][0]["image"] == image)
        told = Revision(
            namespace=self._world.namespace,
            model="digits",
            variant="cloud",
            revision=pod["metadata"]["labels"]["pod-template-hash"],
            version="1",
            tier="Cloud",
            figures=NOTHING,
            clients=Clients(requests=requests, failed=failed),
            agreement=agreement,
        )
        self._revisions = (told,)


async def says(world: World, text: str) -> bool:
    return text in (await world.condition("RolledOut"))["message"]


async def test_a_canary_waits_for_figures_and_goes_back_or_to_all_by_them(
    world: World, start_operator: StartOperator
) -> None:
    told, port = Told(world), free_port()
    await start_operator(collector_url=f"http://127.0.0.1:{port}")
    limits = {"maxErrorRate": "0.05", "minAgreement": "0.75", "samples": ['{"instances": [1]}']}
    await serve(world, promoteAfterSeconds=1, **limits)
    await world.edit_model({"variants": serving(NEW)})
    await wait_for(lambda: has_versions(world, {OLD: 2, NEW: 2}), "half of them serve it")
    message = await world.until("RolledOut", "False", "FiguresMissing")
    assert "nobody counts errors" in message
    async with health.listen(application(told.figures, lambda: None), port, ""):
        await told.tell(NEW, requests=100, failed=6)
        message = await world.until("RolledOut", "False", "RolledBack")
        assert "it answered 6 of 100 requests with an error, maxErrorRate is 0.05" in message
        await wait_for(lambda: has_versions(world, {OLD: 4}), "all of them serve the old one")

        await world.edit_model({"variants": serving(NEWER)})
        await wait_for(lambda: has_versions(world, {OLD: 2, NEWER: 2}), "half of them serve it")
        await told.tell(NEWER, requests=100, failed=5)
        await wait_for(lambda: says(world, "nobody compares answers"), "it waits for a comparison")
        await told.tell(NEWER, requests=100, failed=5, agreement=Agreement(samples=4, alike=3))
        await wait_for(lambda: has_versions(world, {NEWER: 4}), "all of them serve it")
        await world.until("RolledOut", "True", "OneVersion")
