"""NodeProfiles as placement needs them, and which of them are about a node."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from fogline import api, names
from fogline.observe.facts import Facts
from fogline.units import parse_cost_per_hour

Label = tuple[str, str]
"""Key and value."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Facts, and the nodes that they are about."""

    name: str
    node_selector: Mapping[str, str]
    facts: Facts
    valid_until: datetime | None = None
    measured: bool = False
    """Whether the collector wrote it (`fogline.names.MEASURED_LABEL`), and not an administrator."""

    @property
    def turn(self) -> tuple[bool, int, str]:
        """Where it stands among profiles of the same node.

        Those of administrators before measured ones, then more labels first, then by name.
        """
        return self.measured, -len(self.node_selector), self.name

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Tell whether it is about a node with these labels."""
        return self.node_selector.items() <= labels.items()

    def is_stale(self, now: datetime) -> bool:
        """Tell whether its facts are too old to count."""
        return self.valid_until is not None and self.valid_until <= now


def to_profile(profile: api.NodeProfile) -> Profile:
    """Read the values of a NodeProfile. Of a measured one latencies count and nothing else."""
    spec = profile.spec
    measured = names.MEASURED_LABEL in profile.metadata.labels
    latencies = {one.client_site: one.milliseconds for one in spec.latency or ()}
    facts = (
        Facts(latency_milliseconds=latencies)
        if measured
        else Facts(
            cost_per_hour=None if spec.cost_per_hour is None else parse_cost_per_hour(spec.cost_per_hour),
            billing=spec.billing,
            capacity_share=None if spec.capacity_share is None else Decimal(spec.capacity_share),
            latency_milliseconds=latencies,
        )
    )
    return Profile(
        name=profile.metadata.name,
        node_selector=spec.node_selector,
        facts=facts,
        valid_until=spec.valid_until,
        measured=measured,
    )


class Profiles:
    """Profiles, found by the labels of a node without looking at every one of them.

    Each is kept under one label of its selector: a node without that label need not look at it.
    """

    def __init__(self, profiles: Iterable[Profile] = ()) -> None:
        self._by_name: dict[str, Profile] = {}
        self._by_label: dict[Label | None, dict[str, Profile]] = {}
        for profile in profiles:
            self.put(profile)

    def __iter__(self) -> Iterator[Profile]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Profile | None:
        """Find a profile by its name."""
        return self._by_name.get(name)

    def put(self, profile: Profile) -> None:
        """Add a profile, in place of one of the same name."""
        self.drop(profile.name)
        self._by_name[profile.name] = profile
        self._by_label.setdefault(_key(profile), {})[profile.name] = profile

    def drop(self, name: str) -> None:
        """Remove the profile of this name, if there is one."""
        if profile := self._by_name.pop(name, None):
            self._by_label[_key(profile)].pop(name)

    def of(self, labels: Mapping[str, str]) -> list[Profile]:
        """Give the profiles that select a node with these labels, the one that counts first."""
        few = len(self._by_label) <= len(labels)
        keys: Iterable[Label | None] = self._by_label if few else (None, *labels.items())
        found = [
            profile
            for key in keys
            for profile in self._by_label.get(key, {}).values()
            if profile.selects(labels)
        ]
        return sorted(found, key=lambda profile: profile.turn)


def _key(profile: Profile) -> Label | None:
    return min(profile.node_selector.items(), default=None)
