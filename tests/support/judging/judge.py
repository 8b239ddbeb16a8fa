"""Goes through a history once and collects what broke a promise."""

from tests.support.changes import Change
from tests.support.judging.availability import Availability
from tests.support.judging.moving import Counting, beginning, marks_of
from tests.support.judging.placing import over_committed, placing
from tests.support.judging.seen import Limits, Seen, condition, is_alive, is_ready, model_of
from tests.support.judging.telling import telling

from fogline.conditions import Reason
from fogline.names import ModelKey


class Judge:
    """Sees every change of pods, nodes, Deployments and ModelDeployments, in their order."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._seen = Seen()
        self._availability = Availability()
        self._counting = Counting()
        self.breaches: list[str] = []
        """What broke a promise so far."""

    def see(self, change: Change) -> None:
        """Judge one change."""
        self.breaches += telling(change)
        self.breaches += placing(change, self._seen)
        self.breaches += self._availability.judge(change, self._seen)
        self._seen.take(change)
        self.breaches += beginning(change, self._seen, self._limits)
        self.breaches += self._counting.judge(change, self._seen)

    def idle_with_marks(self) -> list[str]:
        """Name the pods that are still marked although their model is Ready and no move of it runs."""
        return [
            f"{pod['metadata']['name']} is still marked with {sorted(marks)}"
            for key, model in self._seen.models.items()
            if is_ready(model) and not model["status"].get("moves", {}).get("active")
            for pod in self._seen.pods_of(key)
            if (marks := marks_of(pod))
        ]

    def crowded(self) -> list[str]:
        """Name the over-committed nodes on which replicas are that nothing keeps there.

        A model that says why its replicas do not move yet is excused.
        """
        found: list[str] = []
        for name in self._seen.nodes:
            for resource, (used, offered) in over_committed(name, self._seen).items():
                models = {ModelKey(*model_of(pod)) for pod in self._seen.pods_on(name) if is_alive(pod)}
                silent = [str(model) for model in sorted(models) if model.name and self._is_silent(model)]
                if silent:
                    found.append(f"{name} offers {offered} of {resource} for {used}, and {silent} stay")
        return found

    def _is_silent(self, model: ModelKey) -> bool:
        live = self._seen.models.get(model)
        return live is not None and condition(live, "Rebalancing").get("reason") in {None, Reason.IDLE}
