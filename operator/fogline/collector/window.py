"""What happened lately, by pod. It is in memory alone: a restart loses it."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import reduce

from fogline.collector.exposition import Refusal
from fogline.collector.facts import Replica
from fogline.collector.reading import Increase, Reading, between, together

MOST_PODS = 2_000
"""So many pods are scraped, the first by name. It bounds memory: each takes a few kilobytes."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing new is known of a pod."""

    reason: Refusal
    message: str


@dataclass(slots=True)
class Followed:
    """A pod, and what it said within the window."""

    replica: Replica
    """As it was last; it may be gone meanwhile."""
    is_there: bool = True
    trouble: Trouble | None = None
    reading: Reading | None = None
    """The last one."""
    read_at: float = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Of who reads its page or sends it samples."""
    has_samples: bool = False
    """Whether it was sent samples since the last reading."""
    usage: tuple[float, float] | None = None
    """Cores and bytes that the kubelet measured, where the metrics API of the cluster is asked."""
    _increases: deque[Increase] = field(default_factory=deque)
    """Oldest first."""

    def take(self, reading: Reading, now: float) -> None:
        """Take what a scrape said. The first one tells of no time, so nothing is counted."""
        if self.reading is not None and now > self.read_at:
            increase = between(self.reading, reading, self.read_at, now)
            self._increases.append(replace(increase, has_samples=self.has_samples))
        self.reading, self.read_at, self.trouble, self.has_samples = reading, now, None, False

    def forget(self, before: float) -> None:
        """Drop what is older."""
        while self._increases and self._increases[0].began < before:
            self._increases.popleft()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of the window."""
        return not self._increases

    @property
    def increase(self) -> Increase | None:
        """All that happened within the window; None when nothing is known of it."""
        return reduce(together, self._increases) if self._increases else None

    @property
    def of_clients(self) -> Increase | None:
        """The same without the times in which it was sent samples."""
        without = [one for one in self._increases if not one.has_samples]
        return reduce(together, without) if without else None


class Window:
    """Follows pods.

    Parameters
    ----------
    seconds
        How long what happened is remembered.
    began
        Monotonic seconds.
    """

    def __init__(self, seconds: float, began: float) -> None:
        self.seconds = seconds
        self._began = began
        self._pods: dict[str, Followed] = {}
        """By uid."""
        self.left_out = 0
        """Pods above `MOST_PODS`."""

    def __iter__(self) -> Iterator[Followed]:
        return iter(self._pods.values())

    def covered_seconds(self, now: float) -> float:
        """Tell how much of the window this process has seen: less than all of it after a restart."""
        return min(self.seconds, now - self._began)

    def of(self, replica: Replica) -> Followed:
        """Give what is known of a pod; from now on it is followed."""
        return self._pods.setdefault(replica.metadata.uid, Followed(replica))

    def follow(self, replicas: Iterable[Replica], now: float) -> list[Followed]:
        """Take in which pods there are; returns those to ask.

        What a pod did within the window counts on when it is gone.
        """
        there = sorted(replicas, key=lambda one: one.metadata.key)
        self.left_out = max(len(there) - MOST_PODS, 0)
        for one in self._pods.values():
            one.is_there = False
            one.forget(now - self.seconds)
        for replica in there[:MOST_PODS]:
            followed = self.of(replica)
            followed.replica, followed.is_there = replica, True
        self._pods = {uid: one for uid, one in self._pods.items() if one.is_there or not one.is_empty}
        return [one for one in self._pods.values() if one.is_there and one.replica.ip]
