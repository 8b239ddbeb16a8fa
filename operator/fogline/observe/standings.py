"""How NodeProfiles fare: on how many nodes, against which others, and whether any of their facts counts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from operator import itemgetter

from fogline.api import Billing
from fogline.conditions import Reason
from fogline.observe.profiles import Profile, Profiles

Said = Decimal | Billing | int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a profile says about one node, beside what counts there."""

    node: str
    fact: str
    profile: Profile
    says: Said
    winner: Profile
    """The profile that counts."""
    counted: Said

    @property
    def is_tie(self) -> bool:
        """Whether only the names of the profiles told which one counts."""
        return self.says != self.counted and self.profile.turn[:-1] == self.winner.turn[:-1]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one profile fares."""

    profile: Profile
    is_stale: bool
    nodes: int
    """How many it selects."""
    counts: bool
    """Whether some fact of it counts on some node."""
    tie: Claim | None
    """The first node, by name, where a profile with equally many labels says something else."""
    overridden: Claim | None
    """The first node, by name, where a more specific profile says something else."""

    @property
    def verdict(self) -> tuple[Reason, str]:
        """Say whether the profile takes effect, and in words why or why not and what to do about it."""
        match self:
            case Standing(is_stale=True, profile=Profile(valid_until=datetime() as end)):
                return Reason.EXPIRED, _expired(end)
            case Standing(nodes=0):
                return Reason.NO_NODES, _no_nodes(self.profile.node_selector)
            case Standing(tie=Claim() as claim):
                return Reason.CONFLICTING, _tie(claim)
            case Standing(overridden=Claim() as claim, counts=False):
                return Reason.OVERRIDDEN, f"nothing of it counts: {_override(claim)}"
            case Standing(overridden=Claim() as claim):
                return Reason.IN_EFFECT, _override(claim)
            case _:
                return Reason.IN_EFFECT, ""


def standings(
    profiles: Iterable[Profile], nodes: Iterable[tuple[str, Mapping[str, str]]], now: datetime
) -> list[Standing]:
    """Hold profiles against the names and labels of nodes; the answer is in the order of their names.

    The order of what goes in plays no part. Nodes with the same profiles are looked at once.
    """
    index = Profiles(profiles)
    selected: Counter[str] = Counter()
    examples: dict[tuple[str, ...], tuple[str, Sequence[Profile]]] = {}
    for node, labels in nodes:
        about = index.of(labels)
        selected.update(profile.name for profile in about)
        valid = [profile for profile in about if not profile.is_stale(now)]
        alike = tuple(profile.name for profile in valid)
        examples[alike] = min((node, valid), examples.get(alike, (node, valid)), key=itemgetter(0))
    counting: set[str] = set()
    ties: dict[str, Claim] = {}
    overridden: dict[str, Claim] = {}
    for claim in _claims(sorted(examples.values(), key=itemgetter(0))):
        if claim.says == claim.counted:
            counting.add(claim.profile.name)
        elif claim.is_tie:
            ties.setdefault(claim.profile.name, claim)
            ties.setdefault(claim.winner.name, claim)
        else:
            overridden.setdefault(claim.profile.name, claim)
    return [
        Standing(
            profile=profile,
            is_stale=profile.is_stale(now),
            nodes=selected[profile.name],
            counts=profile.name in counting,
            tie=ties.get(profile.name),
            overridden=overridden.get(profile.name),
        )
        for profile in sorted(index, key=lambda one: one.name)
    ]


def _claims(examples: Iterable[tuple[str, Sequence[Profile]]]) -> Iterator[Claim]:
    """Go through what is said about each node; of its profiles the one that counts comes first."""
    for node, about in examples:
        first: dict[str, tuple[Profile, Said]] = {}
        for profile in about:
            for fact, value in profile.facts.by_name():
                winner, counted = first.setdefault(fact, (profile, value))
                yield Claim(node, fact, profile, value, winner, counted)


def _expired(end: datetime) -> str:
    when = f"{end.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"ignored since {when}; set validUntil to a later time, or delete the profile"


def _no_nodes(node_selector: Mapping[str, str]) -> str:
    if not node_selector:
        return "there are no nodes"
    labels = ",".join(f"{key}={value}" for key, value in node_selector.items())
    return f"no node has the labels {labels}; label nodes, or change nodeSelector"


def _tie(claim: Claim) -> str:
    winner, loser = claim.winner.name, claim.profile.name
    return (
        f"{claim.fact} of node {claim.node} is {_text(claim.counted)} in profile {winner} and "
        f"{_text(claim.says)} in {loser}, which have equally many labels in nodeSelector; {winner} counts, "
        "for its name comes first; leave the fact out of one of them, or add a label to its nodeSelector"
    )


def _override(claim: Claim) -> str:
    winner, counted = claim.winner, _text(claim.counted)
    why = (
        "and what an administrator writes beats what was measured"
        if claim.profile.measured and not winner.measured
        else "which is more specific"
    )
    return f"{claim.fact} of node {claim.node} is {counted} by profile {winner.name}, {why}"


def _text(value: Said) -> str:
    return f"{value} ms" if isinstance(value, int) else str(value)
