"""The nodes that exist, and the NodeProfiles that tell about them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import product

import msgspec

from fogline import api, snapshot
from fogline.cluster import objects
from fogline.config import Settings
from fogline.errors import BadInputError
from fogline.observe.nodes import to_node
from fogline.observe.profiles import Label, Profile, Profiles, to_profile


@dataclass(frozen=True, slots=True)
class KnownProfile:
    """A NodeProfile of the cluster."""

    metadata: objects.ObjectMeta
    content: Profile | BadInputError
    """What it says, or why it cannot be read."""
    status: api.NodeProfileStatus | None
    """What was reported last; None too when that cannot be read."""


class KnownNodes:
    """Nodes as placement sees them, kept up to date with Nodes, NodeProfiles and the clock.

    A change costs what it touches: a profile that is about one node leaves all others alone.

    Parameters
    ----------
    now
        Wall clock. Profiles whose time has come are left out when `follow_clock` is called.
    """

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._live: dict[str, objects.Node] = {}
        self._by_label: dict[Label, set[str]] = {}
        """Names of nodes."""
        self._valid = Profiles()
        """Those that count now."""
        self.profiles: dict[str, KnownProfile] = {}
        """All of them, by name."""
        self.by_name: dict[str, snapshot.Node] = {}
        self._counts = Counter(dict.fromkeys(product(api.Tier, (True, False)), 0))
        self.changed: set[str] = set()
        """Names of nodes that came, changed or went. Whoever has taken note of them clears it."""
        self.stirred = asyncio.Event()
        """Set when profiles may fare differently: they or the labels of a node changed, or one is stale."""

    def node_changed(self, old: objects.Node | None, new: objects.Node | None) -> bool:
        """Take in a change of a Node; tells whether placement sees any difference."""
        name = (new or old).metadata.name  # type: ignore[union-attr]  # one of the two is always there
        before, after = self._live.pop(name, None), new
        if before is None or after is None or before.metadata.labels != after.metadata.labels:
            self._index(name, before, after)
            self.stirred.set()
        if after is not None:
            self._live[name] = after
        return self._derive([name])

    def profile_changed(self, old: objects.NodeProfile | None, new: objects.NodeProfile | None) -> bool:
        """Take in a change of a NodeProfile; tells whether placement sees any difference."""
        name = (new or old).metadata.name  # type: ignore[union-attr]  # one of the two is always there
        self.profiles.pop(name, None)
        if new is not None:
            self.profiles[name] = _read(new)
        self.stirred.set()
        return self._settle(name)

    def follow_clock(self) -> bool:
        """Leave out the profiles that are stale by now; tells whether placement sees any difference."""
        changed = [self._settle(name) for name in self.profiles]
        return any(changed)

    def next_expiry(self) -> datetime | None:
        """Tell when the next profile becomes stale."""
        return min((one.valid_until for one in self._valid if one.valid_until), default=None)

    def counts(self) -> list[tuple[tuple[str, str], int]]:
        """Count the nodes by tier, and by whether they are Ready and not cordoned: ``true`` or ``false``."""
        return [((tier.value, str(usable).lower()), count) for (tier, usable), count in self._counts.items()]

    def labels(self) -> Iterable[tuple[str, Mapping[str, str]]]:
        """Give the name and the labels of every node."""
        return ((name, node.labels) for name, node in self.by_name.items())

    def _settle(self, name: str) -> bool:
        """Let a profile count if it is there, readable and not stale."""
        known, before = self.profiles.get(name), self._valid.get(name)
        content = known.content if known else None
        after = content if isinstance(content, Profile) and not content.is_stale(self._now()) else None
        if after == before:
            return False
        self.stirred.set()
        if after is None:
            self._valid.drop(name)
        else:
            self._valid.put(after)
        return self._derive({node for one in (before, after) if one for node in self._selected(one)})

    def _selected(self, profile: Profile) -> Iterable[str]:
        """Name the nodes that a profile is about."""
        labels = profile.node_selector.items()
        rarest = min((self._by_label.get(label, set()) for label in labels), key=len, default=self._live)
        return [name for name in rarest if profile.selects(self._live[name].metadata.labels)]

    def _derive(self, names: Iterable[str]) -> bool:
        """Read nodes anew; tells whether any came out different."""
        changed = set()
        for name in names:
            before, live = self.by_name.get(name), self._live.get(name)
            after = to_node(live, self._settings, self._valid.of(live.metadata.labels)) if live else None
            if after == before:
                continue
            changed.add(name)
            self._count(before, -1)
            self._count(after, 1)
            if after:
                self.by_name[name] = after
            else:
                del self.by_name[name]
        self.changed |= changed
        return bool(changed)

    def _count(self, node: snapshot.Node | None, step: int) -> None:
        if node:
            self._counts[node.tier, node.ready and not node.cordoned] += step

    def _index(self, name: str, before: objects.Node | None, after: objects.Node | None) -> None:
        for label in before.metadata.labels.items() if before else ():
            self._by_label[label].discard(name)
            if not self._by_label[label]:
                del self._by_label[label]
        for label in after.metadata.labels.items() if after else ():
            self._by_label.setdefault(label, set()).add(name)


def _read(live: objects.NodeProfile) -> KnownProfile:
    meta = live.metadata
    document = {"metadata": {"name": meta.name, "labels": meta.labels}, "spec": live.spec}
    content: Profile | BadInputError
    try:
        content = to_profile(api.parse_node_profile(document))
    except BadInputError as error:
        content = error
    try:
        status = msgspec.convert(live.status, api.NodeProfileStatus | None)
    except msgspec.ValidationError:
        status = None
    return KnownProfile(meta, content, status)
