"""The answer of the optimiser. It can be read where the libraries of the optimiser are not installed."""

from dataclasses import dataclass
from decimal import Decimal

from fogline.names import ModelKey
from fogline.placement.answers import Unplaceable
from fogline.placement.decide import Misplaced
from fogline.snapshot import Pod


@dataclass(frozen=True, slots=True)
class Placed:
    """One replica on its node."""

    model: ModelKey
    variant: str
    client_site: str | None
    node: str
    cost_per_hour: Decimal
    """US dollars: its part of the bill, as in `fogline.placement.Usage.replica_cost`."""
    latency_penalty: Decimal
    """US dollars per hour that the latency above the target counts for; nobody is billed for it."""
    pod: Pod | None = None
    """The replica in place that stays or moves here; None for a new one."""

    @property
    def is_move(self) -> bool:
        """Tell whether a replica in place changes its node, its variant or its client site."""
        one = None if self.pod is None else self.pod.replica
        return (
            one is not None
            and self.pod is not None
            and ((self.pod.node, one.variant, one.client_site) != (self.node, self.variant, self.client_site))
        )


@dataclass(frozen=True, slots=True)
class OptimisedPlan:
    """Where the replicas of all models should be together."""

    placed: tuple[Placed, ...]
    unplaceable: tuple[Unplaceable, ...]
    misplaced: tuple[Misplaced, ...]
    surplus: tuple[Pod, ...]
    """More than wanted, or in the way of replicas that count for more."""
    suspended: tuple[ModelKey, ...]
    """Models of which nothing is placed or moved."""
    lower_bound_cost_per_hour: Decimal
    """US dollars, latency penalties included: no plan that rejects as little costs less."""
    consolidations: tuple[tuple[Placed, ...], ...] = ()
    """Groups of moves that empty nodes (`fogline.placement.consolidate`), no part of the plan: it is a target
    that may be hundreds of moves away, each of them is there in a few minutes. None unless the limits ask."""
    counted_cost_in_place: Decimal = Decimal(0)
    """US dollars per hour, latency penalties included, for the replicas in place, before any move."""

    @property
    def moves(self) -> tuple[Placed, ...]:
        """Replicas in place that should be elsewhere."""
        return tuple(one for one in self.placed if one.is_move)

    @property
    def cost_per_hour(self) -> Decimal:
        """US dollars for all replicas that have a node."""
        return sum((one.cost_per_hour for one in self.placed), Decimal(0))

    @property
    def counted_cost_per_hour(self) -> Decimal:
        """US dollars as the objective counts them: with latency penalties."""
        return self.cost_per_hour + sum((one.latency_penalty for one in self.placed), Decimal(0))

    @property
    def gap_percent(self) -> Decimal | None:
        """Tell how far the counted cost is above the bound at most; None when the bound says nothing."""
        return self._above_bound(self.counted_cost_per_hour)

    @property
    def gap_in_place_percent(self) -> Decimal | None:
        """Tell the same of the replicas in place; 0 too when fewer of them are there than the plan has."""
        return self._above_bound(self.counted_cost_in_place)

    def _above_bound(self, cost: Decimal) -> Decimal | None:
        bound = self.lower_bound_cost_per_hour
        if cost <= bound:
            return Decimal(0)
        return (cost - bound) / bound * 100 if bound > 0 else None
