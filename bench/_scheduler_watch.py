"""When each pod was created and bound, as a watch of our own tells it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.support.wait import wait_for

from fogline.cluster.client import Client
from fogline.cluster.kinds import PODS
from fogline.cluster.objects import Pod
from fogline.cluster.reflector import Reflector
from fogline.names import GATE

QUIET_SECONDS = 15
"""When so long no pod came and none was bound, those that are left will not be."""


@dataclass(slots=True)
class Timing:
    """When the watch showed each pod for the first time, and when it showed that it is bound."""

    created: dict[str, float] = field(default_factory=dict)
    """Monotonic seconds, by uid."""
    bound: dict[str, float] = field(default_factory=dict)
    changed_at: float = field(default_factory=time.monotonic)
    """When the last pod was created or bound."""

    def take(self, before: Pod | None, after: Pod | None) -> None:
        """Note what a change says about a pod. A pod that went before it was bound does not count."""
        now = time.monotonic()
        if after is None:
            if before and before.metadata.uid not in self.bound:
                self.created.pop(before.metadata.uid, None)
            return
        self._note(self.created, after, now)
        if after.spec.node_name:
            self._note(self.bound, after, now)

    @property
    def seconds(self) -> float:
        """Time from the first pod created to the last one bound."""
        return max(self.bound.values()) - min(self.created.values())

    @property
    def bound_per_second(self) -> float:
        """Pods bound in each of these seconds."""
        return len(self.bound) / self.seconds

    def waiting_seconds(self, percent: int) -> float:
        """Time from created to bound that so many percent of the pods needed at most."""
        waits = sorted(at - self.created[uid] for uid, at in self.bound.items())
        return waits[min(len(waits) * percent // 100, len(waits) - 1)]

    def _note(self, times: dict[str, float], pod: Pod, now: float) -> None:
        if pod.metadata.uid not in times:
            times[pod.metadata.uid] = self.changed_at = now


@dataclass(frozen=True, slots=True)
class Watched:
    """The pods of a namespace, now and in time."""

    pods: Reflector[Pod]
    timing: Timing

    async def until_placed(self, replicas: int, limit_seconds: float) -> None:
        """Wait until all pods are there, and each is bound or known to have no node.

        Raises
        ------
        AssertionError
            It takes too long.
        """

        def is_over() -> bool:
            pods = self.pods.store.values()
            is_quiet = time.monotonic() - self.timing.changed_at > QUIET_SECONDS
            return is_quiet and len(pods) == replicas and all(map(_is_settled, pods))

        await wait_for(is_over, f"{replicas} pods are bound or known to have no node", limit_seconds)


@asynccontextmanager
async def watched(client: Client, namespace: str) -> AsyncIterator[Watched]:
    """Follow the pods of a namespace."""
    timing = Timing()
    reflector = Reflector[Pod](client, PODS, Pod, timing.take, namespace=namespace)
    following = asyncio.create_task(reflector.run())
    try:
        await reflector.synced.wait()
        yield Watched(reflector, timing)
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following


def _is_settled(pod: Pod) -> bool:
    """Tell whether a pod is bound, or waits at our gate or in kube-scheduler for something to change."""
    refused = any(
        one.type == "PodScheduled" and one.reason == "Unschedulable" for one in pod.status.conditions
    )
    gated = any(gate.name == GATE for gate in pod.spec.scheduling_gates)
    return bool(pod.spec.node_name) or refused or gated
