"""The loop that has all models planned together while the cluster is quiet."""

import asyncio
import logging
import math
import time
from dataclasses import replace

from fogline.api import ModelDeployment, RebalancingMode
from fogline.context import Context
from fogline.disruption import bundles_of
from fogline.errors import MissingExtraError
from fogline.mistakes import Part
from fogline.mover.loop import Mover
from fogline.optimiser_process import Allowance, Job, NoPlan, run, why
from fogline.placement import Demand, demand_of, turn
from fogline.placement.limits import Consolidation, Limits
from fogline.placement.optimised import OptimisedPlan

PATIENT = Limits(good_enough=0, consolidation=Consolidation(moves=40))
"""Nobody waits for the plan: a cheaper one is worth more than a quick one. 40 moves take minutes, in which
not much changes."""

logger = logging.getLogger(__name__)


class Planner:
    """Asks the optimiser how good the cluster is, and which nodes can be emptied; the mover empties them.

    Whatever becomes of the process of the optimiser costs a plan and nothing else.
    """

    def __init__(self, context: Context, mover: Mover) -> None:
        self._context = context
        self._mover = mover
        self._stirred = asyncio.Event()
        self._latest = 0.0
        """When something changed last, in monotonic seconds."""
        self._planned: Job | None = None
        """What was planned last: the same again would give the same plan."""

    def stir(self) -> None:
        """Take note that something may have changed."""
        self._latest = time.monotonic()
        self._stirred.set()

    async def run(self) -> None:
        """Plan for ever; end at once where the libraries of the optimiser are not installed."""
        while True:
            await self._stirred.wait()
            await self._until_quiet()
            await self._context.duty.permitted()
            self._stirred.clear()
            try:
                await self._plan()
            except MissingExtraError as error:
                logger.info("replicas are moved one by one only", extra={"why": str(error)})
                return
            await asyncio.sleep(self._context.settings.plan_every_seconds)

    async def _until_quiet(self) -> None:
        """Wait until nothing has changed for a while; one that is never quiet is planned all the same."""
        settings = self._context.settings
        at_the_latest = time.monotonic() + settings.plan_every_seconds
        while (seconds := self._latest + settings.plan_idle_seconds - time.monotonic()) > 0:
            if time.monotonic() > at_the_latest:
                return
            await asyncio.sleep(seconds)

    async def _plan(self) -> None:
        job = self.question()
        if job is None:
            return
        settings = self._context.settings
        answer = await run(job, Allowance(settings.optimiser_seconds, settings.optimiser_mebibytes))
        if isinstance(answer, NoPlan):
            logger.warning("no plan", extra={"why": why(answer)})
            return
        self.take(job, answer)

    def question(self) -> Job | None:
        """Ask for a plan of all models as they are seen now; None while replicas move, or nothing changed."""
        view = self._context.view
        if self._mover.is_busy or view.victims():
            self._stirred.set()
            return None
        demands: list[Demand] = []
        for key in self._context.models:
            with self._context.mistakes.apart(key, Part.PLAN):
                if isinstance(model := self._context.models.get(key), ModelDeployment):
                    demands.append(_demand(model))
        job = Job(tuple(sorted(demands, key=turn)), view.snapshot(), PATIENT)
        return None if job == self._planned else job

    def take(self, job: Job, plan: OptimisedPlan) -> None:
        """Tell how good the cluster is by the answer, and hand the moves that empty nodes to the mover."""
        self._planned = job
        gap = plan.gap_in_place_percent
        self._context.outlook.gap_percent = None if gap is None else math.ceil(gap)
        self._mover.carry_out(bundles_of(plan))


def _demand(model: ModelDeployment) -> Demand:
    """Read what a model asks for; nothing of it is moved unless its user lets moves happen."""
    demand = demand_of(model)
    is_fixed = (
        demand.is_suspended
        or model.metadata.deletion_timestamp is not None
        or model.spec.rebalancing.mode is not RebalancingMode.AUTOMATIC
    )
    return replace(demand, is_suspended=is_fixed)
