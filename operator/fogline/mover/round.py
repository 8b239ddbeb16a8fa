"""The moves of a rebalance that start, and those that wait."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field

from fogline.disruption import Admission, Held, Moment, Proposal, Search, hold, urgency
from fogline.disruption.worth import MOST
from fogline.mover.turns import Turn, may_leave
from fogline.placement import Usage, assume
from fogline.snapshot import Pod


@dataclass(frozen=True, slots=True)
class _Better:
    """A move that is worth it."""

    search: Search
    pod: Pod
    proposal: Proposal


@dataclass(slots=True)
class Round:
    """What has been decided so far."""

    usage: Usage
    moment: Moment
    admission: Admission
    started: list[Proposal] = field(default_factory=list)
    """In the order in which they were judged."""
    held: list[Held] = field(default_factory=list)
    """Those that wait for a budget."""
    _better: list[_Better] = field(default_factory=list)

    def start_urgent(self, moves: Iterable[Proposal]) -> None:
        """Start moves whose places are taken in the usage already."""
        for move in sorted(moves, key=urgency):
            if waits := self.admission.hold(move):
                self.held.append(waits)
            else:
                self._start(move)

    def look_for_better(self, one: Turn) -> None:
        """Find what is worth moving of one model."""
        serving = [r for r in one.seen.replicas if may_leave(r) and r.ready and r.uid not in one.decided]
        search = Search(one.demand, self.usage)
        found = 0
        for replica, pod in search.in_order(serving):
            proposal = search.better(replica, pod)
            if proposal is None:
                continue
            if waits := hold(proposal, one.model, self.moment):
                one.held.append(waits)
            else:
                self._better.append(_Better(search, pod, proposal))
            found += 1
            if found == MOST:
                break

    def start_better(self) -> Generator[None, None, None]:
        """Start what saves most, one after the other; it pauses before each.

        What a move saves may depend on those that start before it, which may open a node, take the last room
        or leave one alone: so it is judged anew.
        """
        for one in sorted(self._better, key=lambda one: urgency(one.proposal)):
            yield
            if waits := self.admission.hold(one.proposal):
                self.held.append(waits)
                continue
            proposal: Proposal | None = one.proposal
            if self.started:
                one.search.changed()
                proposal = one.search.better(one.proposal.replica, one.pod)
            if proposal:
                self._start(proposal)
                self.usage.release(one.pod)
                assume(proposal.assignment, one.search.demand, self.usage)

    def _start(self, move: Proposal) -> None:
        self.admission.start(move)
        self.started.append(move)
