"""One variant whose version changes, in few words."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import msgspec
from tests.support.live import NOW

from fogline.api import Artifact, Rollout, Tier
from fogline.names import GATE, ModelKey
from fogline.rollout import Mark, Observed, Step, Terms, VariantState, Version, follow, held_gates
from fogline.snapshot import Replica

OLD, NEW, NEWER = (Version(Artifact(uri=f"s3://models/digits/{number}")) for number in (1, 2, 3))
RULES = {"canaryPercent": 25, "promoteAfterSeconds": 60}
READY_TIMEOUT = timedelta(seconds=600)


def pod(name: str, template: str = "old", **fields: Any) -> Replica:
    """Make a replica that serves; those of a newer template were made later."""
    serves = Replica(
        namespace="default",
        name=name,
        uid=f"uid-of-{name}",
        resource_version="1",
        created_at=NOW - timedelta(hours=1) + timedelta(minutes=len(template)),
        model=ModelKey("default", "digits"),
        variant="cloud",
        template=template,
        client_site=None,
        requests={},
        gates=(),
        annotations={},
        affinity_terms=1,
        node="cloud-1",
        bound=True,
        terminating=False,
        failure=None,
        ready=True,
        readiness_since=None,
        fetched=True,
        trouble=None,
        refused_since=None,
        refusal="",
        decided_at=NOW,
    )
    return replace(serves, **fields)


def gated(name: str, template: str = "newer", **fields: Any) -> Replica:
    """Make a replica that waits for a decision."""
    return pod(name, template, gates=(GATE,), node=None, bound=False, ready=False, decided_at=None, **fields)


def old(count: int) -> list[Replica]:
    """Make replicas that serve the old version."""
    return [pod(f"old-{number}") for number in range(count)]


def new(count: int, **fields: Any) -> list[Replica]:
    """Make replicas that serve the new version."""
    return [pod(f"new-{number}", "newer", **fields) for number in range(count)]


@dataclass(frozen=True)
class Scene:
    """A variant, its rules and what is measured of it."""

    replicas: list[Replica]
    serves: Version | None = OLD
    wanted: Version = NEW
    mark: Mark | None = None
    rules: dict[str, Any] = field(default_factory=dict)
    tier: Tier = Tier.CLOUD
    desired: int = 4
    is_observed: bool = True
    is_mixed: bool = False
    is_calm: bool = True

    @property
    def rollout(self) -> Rollout:
        """The rules as the API reads them."""
        return msgspec.convert({**RULES, **self.rules}, Rollout)

    @property
    def state(self) -> VariantState:
        """What is seen."""
        return VariantState(
            self.tier,
            self.wanted,
            self.serves,
            self.mark,
            self.desired,
            self.is_observed,
            self.is_mixed,
            tuple(self.replicas),
        )

    def step(self, observed: Observed | None = None, after: float = 0) -> Step:
        """Decide, so many seconds after the beginning."""
        terms = Terms(self.rollout, READY_TIMEOUT, self.is_calm)
        return follow(self.state, terms, observed or Observed(), NOW + timedelta(seconds=after))

    def held(self, after: float = 0) -> set[str]:
        """Name the pods whose gate stays closed."""
        found = held_gates(self.state, self.rollout, NOW + timedelta(seconds=after))
        return {uid.removeprefix("uid-of-") for uid in found}
