"""The loop that looks for moves, and starts those that are allowed."""

import asyncio
import logging
import secrets
from collections import Counter
from typing import NoReturn

from fogline.api import ModelDeployment
from fogline.cluster.kinds import PODS
from fogline.context import Context
from fogline.disruption import Budget, Proposal
from fogline.errors import ApiError
from fogline.mover.rebalance import rebalance
from fogline.names import ModelKey
from fogline.objects import mark_victim
from fogline.observe import model_key, owned
from fogline.placement import Assignment
from fogline.snapshot import Move
from fogline.wakeups import WakeUps

COLLECT_SECONDS = 0.5
"""Changes are collected for this long: a drain or a storm is then one rebalance."""
RETRY_SECONDS = 2.0

logger = logging.getLogger(__name__)


class Mover:
    """Marks the replicas that should move."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._marked: dict[str, Proposal] = {}
        """Moves that were started and cannot be seen yet, by uid of the victim."""
        self.wakeups = WakeUps()

    async def run(self) -> NoReturn:
        """Look for moves for ever. Errors of the API server are retried; any other exception is a bug."""
        async with asyncio.TaskGroup() as later:
            while True:
                keys = await self.wakeups.take(COLLECT_SECONDS)
                for proposal in self._moves(keys):
                    self._marked[proposal.replica.uid] = proposal
                    later.create_task(self._start(proposal))

    def _moves(self, keys: frozenset[ModelKey]) -> tuple[Proposal, ...]:
        """Decide which moves start; the others go into the status of their models."""
        view, models = self._context.view, self._context.models
        found = [model for key in keys if isinstance(model := models.get(key), ModelDeployment)]
        due = [(model, owned(view, model)) for model in found]
        outcome = rebalance(
            due,
            self._active(),
            view.usage(model_key(model) for model in found),
            Budget(in_all=self._context.settings.moves_at_once, per_model=1),
            self._context.clock(),
        )
        for key, held in outcome.held.items():
            self._context.outlook.put(key, held)
        return tuple(one for one in outcome.start if one.replica.uid not in self._marked)

    def _active(self) -> Counter[ModelKey]:
        """Count the moves underway, those included that were started and cannot be seen yet."""
        victims = {
            replica.uid: replica.model
            for key in self._context.models
            for replica in self._context.view.replicas(key)
            if replica.leaves_by and replica.alive
        }
        seen = victims.keys() & self._marked.keys()
        for uid in seen:
            del self._marked[uid]
        starting = {uid: one.replica.model for uid, one in self._marked.items()}
        return Counter([*victims.values(), *starting.values()])

    async def _start(self, proposal: Proposal) -> None:
        replica, answer = proposal.replica, proposal.answer
        assert isinstance(answer, Assignment)  # noqa: S101  others are never started
        move = Move(
            id=secrets.token_hex(4),
            source=replica.node or "",
            target=answer.node,
            variant=answer.variant,
            client_site=answer.client_site,
            reason=proposal.reason.value,
            saving_per_hour=proposal.saving_per_hour,
            started_at=self._context.clock().replace(microsecond=0),
        )
        try:
            await self._context.client.json_patch(
                PODS, replica.namespace, replica.name, mark_victim(replica, move)
            )
        except ApiError as error:
            logger.info("move not started", extra={"pod": replica.name, "error": str(error)})
            self._marked.pop(replica.uid, None)
            await asyncio.sleep(RETRY_SECONDS)
            self.wakeups.wake([replica.model])
            return
        model = self._context.models.get(replica.model)
        if isinstance(model, ModelDeployment):
            await self._context.recorder.move_started(model, replica.name, move)
