"""What becomes of the rollout of one variant in one pass."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from fogline.api import Rollout, RolloutState
from fogline.conditions import Reason
from fogline.rollout.figures import Observed
from fogline.rollout.judge import fault, is_late, missing, too_few
from fogline.rollout.mark import Mark
from fogline.rollout.variant import VariantState, canaries
from fogline.rollout.version import Version

LOOK_SECONDS = 5.0
"""Between two looks at what is measured."""


@dataclass(frozen=True, slots=True)
class Step:
    """What the Deployment of a variant should serve now, and the note on it."""

    version: Version
    mark: Mark | None = None
    reason: Reason = Reason.ONE_VERSION
    message: str = ""
    """What it waits for, or why the old version is back."""
    due_seconds: float | None = None
    """When to look again although nothing may have happened."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rollout has to keep to."""

    rules: Rollout
    ready_timeout: timedelta
    """In which a new replica must be Ready."""
    is_calm: bool
    """Whether no replica has to leave its node: one that moves is made anew, and so of the new version."""


def follow(seen: VariantState, terms: Terms, observed: Observed, now: datetime) -> Step:
    """Decide the next step.

    A new version begins with a canary where an old one serves. It is watched until it has gone to all
    replicas; what is wrong with it brings the old one back, for good.
    """
    mark = seen.mark
    if terms.rules.canary_percent == 0 or seen.wanted.artifact is None:
        return Step(seen.wanted)
    if mark is None:
        return _begin(seen, terms, now)
    if seen.wanted == mark.source:
        return Step(seen.wanted)
    if mark.state is RolloutState.ROLLED_BACK and seen.wanted == mark.target:
        return Step(mark.source, mark, Reason.ROLLED_BACK, mark.why)
    if seen.wanted != mark.target or not seen.desired or mark.state is RolloutState.INTERRUPTED:
        return _hold(_in(mark, RolloutState.INTERRUPTED, now, target=seen.wanted), seen, terms, now)
    return _watch(mark, seen, terms, observed, now)


def _begin(seen: VariantState, terms: Terms, now: datetime) -> Step:
    """Begin with a canary, unless there is nothing that it would protect."""
    if seen.serves is None or seen.serves == seen.wanted or not seen.desired:
        return Step(seen.wanted)
    if not seen.is_observed:
        return Step(seen.serves)  # what its pods serve is not certain before
    template = seen.newest_template
    if template is None or seen.is_mixed or not any(one.ready for one in seen.replicas):
        return Step(seen.wanted)
    mark = Mark(RolloutState.INTERRUPTED, seen.serves, seen.wanted, template, _second(now))
    return _hold(mark, seen, terms, now)


def _hold(mark: Mark, seen: VariantState, terms: Terms, now: datetime) -> Step:
    """Let the canary begin once the old version serves everywhere and no replica has to leave.

    An old version that does not come back is none that a new one could be tried against.
    """
    template = seen.newest_template
    is_back = seen.is_settled and seen.serves == mark.source
    if is_back and template and all(is_late(one, terms.ready_timeout, now) for one in seen.replicas):
        return Step(mark.target)
    if template is None or not is_back or not any(one.ready for one in seen.replicas):
        due_seconds = LOOK_SECONDS if seen.replicas else None
        return Step(mark.source, mark, Reason.INTERRUPTED, "the old version comes back first", due_seconds)
    if not terms.is_calm:
        return Step(mark.source, mark, Reason.INTERRUPTED, "replicas have to leave their nodes first")
    begun = Mark(RolloutState.CANARY, mark.source, mark.target, template, _second(now))
    return Step(mark.target, begun, Reason.CANARY, "the canary begins", LOOK_SECONDS)


def _watch(mark: Mark, seen: VariantState, terms: Terms, observed: Observed, now: datetime) -> Step:
    is_canary = mark.state is RolloutState.CANARY
    if is_canary and not terms.is_calm:
        return _hold(_in(mark, RolloutState.INTERRUPTED, now), seen, terms, now)
    new = seen.of_others(mark.template)
    if why := fault(terms.rules, new, observed, terms.ready_timeout, now):
        back = msgspec.structs.replace(_in(mark, RolloutState.ROLLED_BACK, now), why=why)
        return Step(mark.source, back, Reason.ROLLED_BACK, why)
    ready = sum(one.ready for one in new)
    if is_canary:
        return _try_out(mark, seen, terms.rules, observed, ready, now)
    if seen.is_settled and not seen.of_template(mark.template) and ready >= seen.desired:
        return Step(mark.target)
    text = f"{ready} of {seen.desired} replicas serve it"
    return Step(mark.target, mark, Reason.PROMOTING, text, LOOK_SECONDS)


def _try_out(
    mark: Mark, seen: VariantState, rules: Rollout, observed: Observed, ready: int, now: datetime
) -> Step:
    """Wait until the canary has served for long enough, and enough."""
    size = canaries(seen.desired, rules.canary_percent)
    if ready < size:
        text = f"{ready} of {size} replicas that try it are Ready"
        return _go_on(msgspec.structs.replace(mark, ready_since=None), Reason.CANARY, text)
    since = mark.ready_since or _second(now)
    mark = msgspec.structs.replace(mark, ready_since=since)
    is_alone = not any(one.ready for one in seen.of_template(mark.template))
    if lacks := missing(rules, observed, is_alone=is_alone):
        return _go_on(mark, Reason.FIGURES_MISSING, lacks)
    until = since + timedelta(seconds=rules.promote_after_seconds)
    if now < until:
        text = f"{ready} of {seen.desired} replicas try it until {until:%Y-%m-%dT%H:%M:%SZ}"
        return _go_on(mark, Reason.CANARY, text, (until - now).total_seconds())
    if lacks := too_few(rules, observed, is_alone=is_alone):
        return _go_on(mark, Reason.CANARY, lacks)
    return _go_on(
        _in(mark, RolloutState.PROMOTING, now), Reason.PROMOTING, "it is as good as the old version"
    )


def _go_on(mark: Mark, reason: Reason, message: str, due_seconds: float = LOOK_SECONDS) -> Step:
    return Step(mark.target, mark, reason, message, min(due_seconds, LOOK_SECONDS))


def _in(mark: Mark, state: RolloutState, now: datetime, *, target: Version | None = None) -> Mark:
    """Give the mark in another state, which begins now unless it is in it already."""
    since = mark.since if mark.state is state else _second(now)
    return msgspec.structs.replace(mark, state=state, since=since, target=target or mark.target)


def _second(now: datetime) -> datetime:
    return now.replace(microsecond=0)
