"""Events of the janitor: what `kubectl describe` shows of its work."""

from fogline.cluster.kinds import POD_DISRUPTION_BUDGETS, PODS
from fogline.cluster.objects import ObjectMeta
from fogline.conditions import Reason
from fogline.poster import Poster, subject


class JanitorRecorder:
    """Posts Events about pods and budgets of ours."""

    def __init__(self, poster: Poster) -> None:
        self._poster = poster

    async def gate_opened(self, pod: ObjectMeta, seconds: float) -> None:
        """Tell that a pod is left to kube-scheduler because nobody decides."""
        away = f"no operator was there for {seconds:g} s"
        note = f"{away}, so it is left to kube-scheduler, inside its requirements"
        await self._poster.post(subject(PODS, pod), Reason.PLACED_WITHOUT_PIN, "Place", note)

    async def removed(self, pod: ObjectMeta, why: str) -> None:
        """Tell that a pod which ended for good is deleted."""
        await self._poster.post(subject(PODS, pod), Reason.REPLICA_FAILED, "Delete", why)

    async def budget_loosened(self, budget: ObjectMeta, seconds: float) -> None:
        """Tell that one more pod may go than the user wants, so that drains are not blocked for ever."""
        note = f"no operator was there for {seconds:g} s, so one more pod may go until it is back"
        about = subject(POD_DISRUPTION_BUDGETS, budget)
        await self._poster.post(about, Reason.BUDGET_LOOSENED, "Loosen", note)
