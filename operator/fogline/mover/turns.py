"""One model during a rebalance."""

from dataclasses import dataclass, field

from fogline.api import ModelDeployment
from fogline.disruption import Held, Moment, Proposal, hold
from fogline.observe import Owned
from fogline.placement import Demand, Usage
from fogline.snapshot import Replica


@dataclass(slots=True)
class Turn:
    """A model that may move."""

    model: ModelDeployment
    demand: Demand
    seen: Owned
    free: list[Proposal] = field(default_factory=list)
    """Moves that nothing but a budget may hold."""
    held: list[Held] = field(default_factory=list)

    def take(self, proposal: Proposal, moment: Moment) -> bool:
        """Sort a proposal; tells whether it may start."""
        waits = hold(proposal, self.model, moment)
        if waits:
            self.held.append(waits)
        else:
            self.free.append(proposal)
        return waits is None

    @property
    def decided(self) -> set[str]:
        """Give the uids of the replicas that something was proposed for."""
        return {one.replica.uid for one in self.free} | {one.proposal.replica.uid for one in self.held}

    def is_steady(self, usage: Usage) -> bool:
        """Tell whether all replicas serve and none is too many; before, nothing moves that need not."""
        ready = sum(replica.ready and replica.alive for replica in self.seen.replicas)
        return len(usage.of(self.demand.model).replicas) <= self.demand.replicas <= ready


def may_leave(replica: Replica) -> bool:
    """Tell whether a replica may be the victim of a move: it is alive, and its own move is over."""
    return replica.alive and not replica.replaces
