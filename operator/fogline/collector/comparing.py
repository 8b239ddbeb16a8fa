"""Compares what new versions answer with what the old ones do, while both serve."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NoReturn

import aiohttp

from fogline.collector.agreement import is_alike
from fogline.collector.answer import Agreement
from fogline.collector.facts import Model, Replica
from fogline.collector.groups import RevisionKey
from fogline.collector.sampling import Sampler
from fogline.names import ModelKey

COMPARE_SECONDS = 30.0
"""A new version is asked no more often."""
LOOK_SECONDS = 5.0
"""Between two looks at what there is to compare: a version is compared soon after it is Ready."""

Apart = Callable[[Iterable[Replica]], AbstractAsyncContextManager[Callable[[], None]]]


@dataclass(frozen=True, slots=True)
class Trial:
    """A new version that answers beside the old one."""

    key: RevisionKey
    old: Replica
    new: Replica
    """A pod of each."""
    model: str
    """Name on the wire."""
    samples: tuple[str, ...]


def trials(replicas: Iterable[Replica], models: Mapping[ModelKey, Model]) -> list[Trial]:
    """Find the templates that have a Ready pod, of variants whose old version has one too.

    Which template serves the old version is in the status of the model, so no right to read Deployments is
    needed.
    """
    pods: defaultdict[RevisionKey, dict[str, Replica]] = defaultdict(dict)
    for one in replicas:
        if one.ip and one.ready:
            pods[one.model, one.variant, one.revision][one.metadata.name] = one
    first = {key: found[min(found)] for key, found in pods.items()}
    return [
        Trial(key, old, new, known.wire_name, known.samples)
        for key, new in sorted(first.items())
        if (known := models.get(key[0]))
        and (template := known.tried.get(key[1]))
        and template != key[2]
        and (old := first.get((key[0], key[1], template)))
    ]


class Comparing:
    """Sends the samples of models to a pod of each version.

    Parameters
    ----------
    tried
        Gives what there is to compare.
    apart
        Keeps what pods are asked meanwhile out of what is told of clients (`fogline.collector.pages`).
    clock
        Seconds that never go back.
    """

    def __init__(self, tried: Callable[[], list[Trial]], apart: Apart, clock: Callable[[], float]) -> None:
        self._tried = tried
        self._apart = apart
        self._clock = clock
        self._asked_at: dict[RevisionKey, float] = {}
        self._found: dict[RevisionKey, Agreement] = {}

    def agreements(self) -> Mapping[RevisionKey, Agreement]:
        """Tell how the versions that are tried answered last."""
        return self._found

    async def run(self, session: aiohttp.ClientSession) -> NoReturn:
        """Compare for ever. A server that does not answer tells nothing; any other exception is a bug."""
        sampler = Sampler(session)
        while True:
            await self.look(sampler)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self, sampler: Sampler) -> None:
        """Compare what was not compared lately, and forget what is not tried any more."""
        now = self._clock()
        found = {one.key: one for one in self._tried()}
        self._asked_at = {key: at for key, at in self._asked_at.items() if key in found}
        self._found = {key: one for key, one in self._found.items() if key in found}
        due = [
            one for key, one in found.items() if now - self._asked_at.get(key, -math.inf) >= COMPARE_SECONDS
        ]
        self._asked_at |= dict.fromkeys((one.key for one in due), now)
        for one, agreement in zip(
            due, await asyncio.gather(*(self._compare(sampler, one) for one in due)), strict=True
        ):
            self._found[one.key] = agreement

    async def _compare(self, sampler: Sampler, trial: Trial) -> Agreement:
        """Ask both for one sample after the other, so that a small server has room for its clients."""
        verdicts, pods = [], (trial.old, trial.new)
        async with self._apart(pods) as note_late:
            for sample in trial.samples:
                old, new = await asyncio.gather(*(sampler.ask(one.ip, trial.model, sample) for one in pods))
                if old is None or new is None:
                    note_late()
                verdicts.append(is_alike(old, new))
        return Agreement(samples=len(verdicts) - verdicts.count(None), alike=verdicts.count(True))
