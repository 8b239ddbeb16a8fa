"""What the Deployments of a model should serve in this pass."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from fogline.api import ModelDeployment, RolloutState, RolloutStatus, Tier, Variant
from fogline.conditions import Reason
from fogline.disruption import has_to_leave
from fogline.names import ROLLOUT_ANNOTATION, SERVES_ANNOTATION
from fogline.observe import Owned, is_rolling, variant_states
from fogline.placement import Demand, Usage
from fogline.rollout import (
    Revision,
    Step,
    Terms,
    VariantState,
    follow,
    is_open,
    observe,
    serving,
    version_of,
    write_mark,
    write_version,
)
from fogline.snapshot import Replica

MAX_TEXT = 512


@dataclass(frozen=True, slots=True)
class Rollouts:
    """The new versions of a model's variants."""

    model: ModelDeployment
    """With the versions that its variants should serve now."""
    steps: Mapping[str, Step]
    """By variant."""
    states: Mapping[str, VariantState]
    """By variant; those without a Deployment are not there."""
    shut: frozenset[str] = frozenset()
    """Edge variants that roll out and wait for a window."""

    @property
    def notes(self) -> dict[str, dict[str, str]]:
        """Give the annotations of each variant's Deployment."""
        return {variant: _notes(step) for variant, step in self.steps.items()}

    @property
    def due_seconds(self) -> float | None:
        """When to look again."""
        return min((one.due_seconds for one in self.steps.values() if one.due_seconds), default=None)

    @property
    def tried(self) -> frozenset[str]:
        """Name the variants whose rollout waits for a canary."""
        return frozenset(
            name for name, one in self.steps.items() if one.mark and one.mark.state is RolloutState.CANARY
        )

    @property
    def news(self) -> Iterator[tuple[str, Reason, str]]:
        """Give what changes: the variant, the reason, and what there is to say."""
        for variant, step in self.steps.items():
            before = self.states[variant].mark if variant in self.states else None
            if step.mark and step.mark.state is not (before and before.state):
                yield variant, step.reason, step.message
            elif before and step.mark is None and before.state is RolloutState.PROMOTING:
                yield variant, Reason.ONE_VERSION, "all replicas serve it"

    def status(self) -> tuple[RolloutStatus, ...]:
        """Describe those that are not over, or that were taken back."""
        return tuple(
            RolloutStatus(
                variant=variant,
                state=step.mark.state,
                source=step.mark.source.uri,
                target=step.mark.target.uri,
                template=step.mark.template,
                replicas=_serving_new(self.states.get(variant), step.mark.template),
                since=step.mark.since,
                message=step.message[:MAX_TEXT] or None,
            )
            for variant, step in self.steps.items()
            if step.mark
        )


def rollouts(
    model: ModelDeployment,
    demand: Demand,
    seen: Owned,
    measured: Mapping[str, Sequence[Revision]],
    usage: Usage,
    now: datetime,
) -> Rollouts:
    """Decide what each variant should serve.

    Parameters
    ----------
    measured
        By variant.
    """
    shut = _shut(model, seen, now)
    if model.spec.rollout.canary_percent == 0:
        return Rollouts(model, {one.name: Step(version_of(one)) for one in model.spec.variants}, {}, shut)
    states = variant_states(model, seen)
    terms = Terms(
        model.spec.rollout,
        timedelta(seconds=model.spec.rebalancing.ready_timeout_seconds),
        is_calm=not any(_is_uneasy(one, demand, usage) for one in seen.replicas if one.alive),
    )

    def step(variant: Variant) -> Step:
        state = states.get(variant.name)
        if state is None:
            return Step(version_of(variant))
        if demand.is_suspended:
            return _as_it_is(state)
        return follow(state, terms, observe(state, measured.get(variant.name, ())), now)

    steps = {variant.name: step(variant) for variant in model.spec.variants}
    return Rollouts(_as_carried_out(model, steps), steps, states, shut)


def _shut(model: ModelDeployment, seen: Owned, now: datetime) -> frozenset[str]:
    if is_open(model.spec.rollout, now):
        return frozenset()
    edge = (one.name for one in model.spec.variants if one.tier is Tier.EDGE)
    return frozenset(name for name in edge if (live := seen.deployments.get(name)) and is_rolling(live))


def _as_it_is(state: VariantState) -> Step:
    """Tell how far a rollout is that goes no further now."""
    if state.mark is None:
        return Step(state.wanted)
    return Step(state.wanted, state.mark, Reason(state.mark.state.value), state.mark.why)


def _as_carried_out(model: ModelDeployment, steps: Mapping[str, Step]) -> ModelDeployment:
    if all(steps[one.name].version == version_of(one) for one in model.spec.variants):
        return model  # the same object, of which the children may be known
    variants = tuple(serving(one, steps[one.name].version) for one in model.spec.variants)
    return msgspec.structs.replace(model, spec=msgspec.structs.replace(model.spec, variants=variants))


def _is_uneasy(replica: Replica, demand: Demand, usage: Usage) -> bool:
    return (
        replica.leaves_by is not None
        or replica.stands_in_for is not None
        or (replica.bound and has_to_leave(demand, replica, usage))
    )


def _notes(step: Step) -> dict[str, str]:
    mark = {ROLLOUT_ANNOTATION: write_mark(step.mark)} if step.mark else {}
    return {SERVES_ANNOTATION: write_version(step.version), **mark}


def _serving_new(state: VariantState | None, template: str) -> int:
    return sum(one.ready for one in state.of_others(template)) if state else 0
