"""Replicas that should be elsewhere because it saves enough."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from fogline.conditions import Reason
from fogline.disruption.forced import pod_of
from fogline.disruption.proposals import Proposal
from fogline.placement import (
    MOVE_COST,
    Assignment,
    Bargain,
    Demand,
    Usage,
    bargains,
    lasting_price,
    place_elsewhere,
    price_in_place,
)
from fogline.snapshot import Pod, Replica

MOST = 20
"""Moves of one model that are looked for at a time; they begin one by one anyhow."""
_ROUNDING = Decimal("1e-9")
"""US dollars per hour: more than prices as floats are off by."""


@dataclass(slots=True)
class Search:
    """The moves of one model that are worth it, one after the other.

    Parameters
    ----------
    usage
        In which replicas that leave already do not count for the model. It is read anew for each replica, so
        a move that is assumed in it counts for the next.
    """

    demand: Demand
    usage: Usage
    _bargains: dict[str | None, tuple[Bargain, ...]] = field(default_factory=dict)

    def in_order(self, replicas: Iterable[Replica]) -> list[tuple[Replica, Pod]]:
        """Give those that may find something better, the dearest first."""
        found = []
        for replica in replicas:
            pod = pod_of(replica, self.demand, self.usage)
            price = price_in_place(self.demand, self.usage, pod) if pod else None
            if pod and price and self.usage.node(pod.node).ready:
                found.append((-price, replica.name, replica, pod))
        return [(replica, pod) for _, _, replica, pod in sorted(found, key=lambda one: one[:2])]

    def better(self, replica: Replica, pod: Pod) -> Proposal | None:
        """Propose the cheapest other node if it is worth the move."""
        price = price_in_place(self.demand, self.usage, pod)
        if price is None or not self._is_worth(price, self._least_elsewhere(pod) - _ROUNDING):
            return None
        answer = place_elsewhere(self.demand, self.usage, pod, is_lasting=True)
        if not isinstance(answer, Assignment):
            return None
        if not self._is_worth(price, lasting_price(self.demand, self.usage, answer)):
            return None
        return Proposal(replica, Reason.BETTER_NODE, answer, saving_per_hour=price - answer.offer.price)

    def changed(self) -> None:
        """Take note that the usage changed."""
        self._bargains.clear()

    def _is_worth(self, now: Decimal, then: Decimal) -> bool:
        saving = now - then - MOVE_COST
        return saving > 0 and saving * 100 >= now * self.demand.min_saving_percent

    def _least_elsewhere(self, pod: Pod) -> Decimal:
        """Give what another node asks at least."""
        site = pod.replica.client_site if pod.replica else None
        if site not in self._bargains:
            self._bargains[site] = bargains(self.demand, self.usage, site)
        prices = (one.price for one in self._bargains[site] if one.node != pod.node)
        return Decimal(next(prices, "Infinity"))
