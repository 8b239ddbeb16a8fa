"""Room that is given to replicas whose pods are still to come."""

from collections.abc import Callable, Iterable

from fogline.names import ModelKey
from fogline.observe.tally import Tally
from fogline.placement import Decision, Demand
from fogline.snapshot import Pod, ReplicaOf

SECONDS = 60.0
"""How long room is kept for pods that do not come, because of a quota for example."""


class Promises:
    """Keeps what was assigned from being assigned again until the pods are there.

    A promise ends when a replica of the model gets a node, when the model is decided anew, and after a while.

    Parameters
    ----------
    tally
        Where promises count like pods.
    clock
        Monotonic seconds.
    """

    def __init__(self, tally: Tally, clock: Callable[[], float]) -> None:
        self._tally = tally
        self._clock = clock
        self._made: dict[ModelKey, dict[str, Pod]] = {}
        self._until: dict[ModelKey, float] = {}

    def make(self, model: ModelKey, pods: Iterable[Pod]) -> bool:
        """Promise a model room for these pods and no others; tells whether that is less than before.

        A model that is promised nothing has what it wants.
        """
        before = self._made.pop(model, {})
        for uid in before:
            self._tally.put(uid, None)
        found = {f"{pod.namespace}/{pod.name}": pod for pod in pods}
        if not found:
            self._until.pop(model, None)
        elif self._clock() < self._until.setdefault(model, self._clock() + SECONDS):
            self._made[model] = found
            for uid, pod in found.items():
                self._tally.put(uid, pod)
        return len(self._made.get(model, {})) < len(before)

    def keep(self, pod: Pod) -> None:
        """End one promise: a replica of the model has its node."""
        made = self._made.get(pod.replica.model) if pod.replica else None
        if made:
            uid = min(made, key=lambda one: (made[one].node != pod.node, one))
            del made[uid]
            self._tally.put(uid, None)

    def of(self, model: ModelKey) -> tuple[Pod, ...]:
        """Give what is promised to a model."""
        return tuple(self._made.get(model, {}).values())

    def end_overdue(self) -> bool:
        """End the promises that were made too long ago; tells whether there were any."""
        now = self._clock()
        overdue = [model for model in self._made if self._until[model] <= now]
        for model in overdue:
            for uid in self._made.pop(model):
                self._tally.put(uid, None)
        return bool(overdue)


def to_come(demand: Demand, decision: Decision) -> list[Pod]:
    """Describe the pods that a decision calls for."""
    requests = {variant.name: variant.requests for variant in demand.variants}
    return [
        Pod(
            namespace=demand.model.namespace,
            name=f"{demand.model.name}-{one.variant}/to-come-{number}",  # no name that a real pod can have
            node=one.node,
            requests=requests[one.variant],
            replica=ReplicaOf(demand.model, one.variant, one.client_site),
        )
        for number, one in enumerate(decision.assignments)
    ]
