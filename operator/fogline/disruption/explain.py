"""The texts of moves that do not start: what the status says of them."""

from collections.abc import Callable, Mapping, Sequence

from fogline.conditions import Reason
from fogline.disruption.health import TOO_MANY_PERCENT
from fogline.disruption.hold import Held
from fogline.disruption.proposals import Proposal
from fogline.names import DO_NOT_MOVE_ANNOTATION
from fogline.placement import Unplaceable
from fogline.placement.explain import say_unplaceable
from fogline.units import format_usd


def say_held(held: Sequence[Held]) -> str:
    """Say which moves wait for what: the first one in full, and how many more there are."""
    first = held[0]
    more = f"; {len(held) - 1} more" if len(held) > 1 else ""
    waits = _WAITS[first.reason](first) if first.reason in _WAITS else ""
    return f"{_say(first.proposal)}{waits and f': {waits}'}{more}"


def _say(one: Proposal) -> str:
    replica, answer = one.replica, one.answer
    if isinstance(answer, Unplaceable):
        return f"{replica.name} {_verb(one)} leave {replica.node} ({one.reason}): {say_unplaceable(answer)}"
    words = f"{replica.name} {_verb(one)} go from {replica.node} to {answer.node}"
    if one.saving_per_hour is None:
        return f"{words} ({one.reason})"
    return f"{words} ({one.reason}), saving {format_usd(one.saving_per_hour)} US dollars per hour"


def _verb(one: Proposal) -> str:
    if one.is_requested:
        return "is asked to"
    return "has to" if one.needs_no_saving else "would"


def _until(held: Held) -> str:
    return held.until.strftime("%Y-%m-%dT%H:%M:%SZ") if held.until else "somebody changes it"


def _numbers(held: Held) -> str:
    if held.spent is None:
        return ""
    whose = "this ModelDeployment" if held.spent.whose else "all ModelDeployments"
    return f": {held.spent.running} of {held.spent.allowed} moves of {whose}"


_WAITS: Mapping[Reason, Callable[[Held], str]] = {
    Reason.COOLING_DOWN: lambda one: f"it stays until {_until(one)}, when its cool-down is over",
    Reason.MOVES_PLANNED: lambda _: "rebalancing.mode DryRun carries nothing out",
    Reason.WAITING_FOR_BUDGET: lambda one: f"it waits until fewer moves run{_numbers(one)}",
    Reason.OUTSIDE_WINDOW: lambda one: f"a budget allows no move until {_until(one)}",
    Reason.MARKED_DO_NOT_MOVE: lambda one: (
        f"annotation {DO_NOT_MOVE_ANNOTATION} keeps it until {_until(one)}"
    ),
    Reason.TOO_MANY_NODES_NOT_READY: lambda _: (
        f"more than {TOO_MANY_PERCENT} % of the nodes are not Ready, until then only data rules move anything"
    ),
}
