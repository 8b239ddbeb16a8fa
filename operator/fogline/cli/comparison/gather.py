"""All that the comparison shows, as values. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from fogline.api import ModelDeployment, Tier
from fogline.cli.comparison.bench_file import Bench, Run
from fogline.cli.comparison.choice_map import ChoiceMap, choice_map
from fogline.cli.comparison.utilisation import TierUse, utilisation
from fogline.cli.inventory import Inventory
from fogline.collector.answer import Answered
from fogline.observe import model_key
from fogline.placement import Usage, demand_of
from fogline.units import format_usd

NOT_LIVE = "the collector of a live cluster tells what servers take of CPU and memory; leave -f out"
"""Why there is no utilisation."""


@dataclass(frozen=True, slots=True)
class TierNow:
    """The replicas of the model in one tier, as the cluster is now."""

    tier: Tier
    replicas: int
    cost_per_hour: Decimal
    """US dollars, of all of them."""
    latency_milliseconds: tuple[int, ...]
    """Round trips that are known for their nodes, without the time of the model."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Cloud against edge for one model."""

    at: datetime
    model: str
    replicas: int
    tiers: tuple[TierNow, ...]
    benches: tuple[Bench, ...]
    choice: ChoiceMap
    uses: tuple[TierUse, ...] = ()
    no_use: str | None = None
    """Why nothing is known of use."""

    @property
    def no_utilisation(self) -> str | None:
        """Say why there is no utilisation; None when there is."""
        return self.no_use and f"Utilisation is left out: {self.no_use}."

    @property
    def runs(self) -> tuple[Run, ...]:
        """All that was measured, in the order of the files."""
        return tuple(run for bench in self.benches for run in bench.runs)


def gather(
    found: Inventory,
    model: ModelDeployment,
    benches: Iterable[Bench],
    told: Answered | str,
    at: datetime,
) -> Comparison:
    """Gather what there is to show.

    Parameters
    ----------
    told
        By the collector, or why it tells nothing.
    """
    demand, usage, key = demand_of(model), Usage(found.snapshot), model_key(model)
    return Comparison(
        at=at,
        model=str(key),
        replicas=demand.replicas,
        tiers=tuple(_tier(tier, usage, model) for tier in Tier),
        benches=tuple(benches),
        choice=choice_map(demand, found.snapshot),
        uses=() if isinstance(told, str) else utilisation(told, str(key), _nodes(usage, model)),
        no_use=told if isinstance(told, str) else None,
    )


def _nodes(usage: Usage, model: ModelDeployment) -> dict[Tier, set[str]]:
    names = {pod.node for pod, _ in usage.replicas_of(model_key(model))}
    return {tier: {name for name in names if usage.node(name).tier is tier} for tier in Tier}


def _tier(tier: Tier, usage: Usage, model: ModelDeployment) -> TierNow:
    held = [
        (pod, usage.node(pod.node))
        for pod, _ in usage.replicas_of(model_key(model))
        if usage.node(pod.node).tier is tier
    ]
    known = (node.latency_from(pod.replica.client_site if pod.replica else None) for pod, node in held)
    return TierNow(
        tier=tier,
        replicas=len(held),
        cost_per_hour=sum((usage.replica_cost(pod) for pod, _ in held), Decimal(0)),
        latency_milliseconds=tuple(sorted(one for one in known if one is not None)),
    )


def say(found: Comparison) -> list[str]:
    """Say in sentences what the decision chooses now, and what would change it."""
    choice, usd = found.choice, format_usd
    now = (
        f"With a penalty of {usd(choice.penalty_now)} US dollars per hour for each millisecond above"
        f" {choice.target_milliseconds} ms, and a median price of {usd(choice.price_now)} US dollars an hour"
        f" for edge nodes and {usd(choice.cloud_price)} for cloud nodes, the decision is: {choice.now}."
    )
    if not choice.changes:
        settled = (
            "No price or penalty on the map changes that. Something else settles it: capacity, clearance, a"
            " minimum or maximum of a tier, or latencies that are equal or below the target."
        )
        return [now, settled]
    return [
        now,
        *(f"A penalty of {usd(one.at)} or more: {one.above}." for one in choice.penalty_borders),
        *(f"A price of {usd(one.at)} or more for edge nodes: {one.above}." for one in choice.price_borders),
    ]
