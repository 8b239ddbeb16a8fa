"""Events: what `kubectl describe` shows of our work."""

from fogline.api import ModelDeployment, ModelTraining, MoveResult, PastMove
from fogline.cluster.kinds import LEASES, MODEL_DEPLOYMENTS, MODEL_TRAININGS, NODE_PROFILES
from fogline.cluster.objects import ObjectMeta
from fogline.conditions import Reason
from fogline.disruption import Blocked, Ended
from fogline.names import OPERATOR_LEASE
from fogline.placement import Assignment
from fogline.placement.explain import say_unplaceable
from fogline.poster import NORMAL, WARNING, Poster, Subject, subject
from fogline.snapshot import Move, Replica
from fogline.training import News
from fogline.units import format_usd


class Recorder:
    """Posts Events about objects of ours."""

    def __init__(self, poster: Poster) -> None:
        self._poster = poster

    async def failed(self, model: ModelDeployment, pod: str, why: str) -> None:
        """Tell that a replica ended for good and is being replaced."""
        await self._warn(model, Reason.REPLICA_FAILED, "Replace", f"replica {pod} failed: {why}")

    async def unplaceable(self, model: ModelDeployment, why: str) -> None:
        """Tell that a replica finds no node."""
        await self._warn(model, Reason.NO_FITTING_NODE, "Place", why)

    async def opened_without_pin(self, model: ModelDeployment, pod: str, why: str) -> None:
        """Tell that a replica is left to kube-scheduler, inside its requirements."""
        await self._warn(
            model,
            Reason.PLACED_WITHOUT_PIN,
            "Place",
            f"replica {pod} is left to kube-scheduler, inside its requirements: {why}",
        )

    async def unstuck(self, model: ModelDeployment, pod: str, node: str, why: str) -> None:
        """Tell that a pinned pod could not start where it was placed, and is decided again."""
        note = f"replica {pod} could not start on {node} and is placed again: {why}"
        await self._warn(model, Reason.PLACEMENT_UNSTUCK, "Place", note)

    async def clearance_violated(self, model: ModelDeployment, why: str) -> None:
        """Tell that a replica runs where it must not."""
        await self._warn(model, Reason.CLEARANCE_VIOLATED, "Audit", why)

    async def clearance_enforced(self, model: ModelDeployment, pod: str, node: str) -> None:
        """Tell that a replica is deleted because its data may not stay where it is."""
        note = (
            f"replica {pod} is deleted: {node} may not hold its data any more, and no other node took it in "
            "time; the data rule beats availability"
        )
        await self._warn(model, Reason.CLEARANCE_ENFORCED, "Audit", note)

    async def apply_failed(self, model: ModelDeployment, why: str) -> None:
        """Tell that the API server refuses an object of this model."""
        await self._warn(model, Reason.APPLY_FAILED, "Apply", why)

    async def move_planned(self, model: ModelDeployment, replica: Replica, target: str, why: Reason) -> None:
        """Tell that a replica would move if the user had not asked for plans only."""
        words = f"replica {replica.name} would move from {replica.node} to {target} ({why})"
        await self._tell(model, Reason.MOVE_PLANNED, "Move", words)

    async def move_started(self, model: ModelDeployment, pod: str, move: Move) -> None:
        """Tell that a replica begins to move."""
        await self._tell(model, Reason.MOVE_STARTED, "Move", f"{_in_words(pod, move)}{_saving(move)}")

    async def move_ended(self, model: ModelDeployment, ended: Ended) -> None:
        """Tell that a replica has moved, or stays after all."""
        if ended.result is MoveResult.COMPLETED:
            pod = ended.replacement.name if ended.replacement else ""
            words = f"{_in_words(pod, ended.move)}{_saving(ended.move)}"
            await self._tell(model, Reason.MOVE_COMPLETED, "Move", words)
        else:
            pod = ended.victim.name if ended.victim else ""
            words = f"{_in_words(pod, ended.move)} was given up: {ended.message}"
            await self._warn(model, Reason.MOVE_ABORTED, "Move", words)

    async def drain_unblocked(self, model: ModelDeployment, blocked: Blocked) -> None:
        """Tell that a drain may evict a replica although no move takes it away."""
        replica = blocked.replica
        note = (
            f"{replica.node} is cordoned for {blocked.seconds} s, so a drain may evict replica "
            f"{replica.name} now: {_why_blocked(blocked)}"
        )
        await self._warn(model, Reason.DRAIN_UNBLOCKED, "Drain", note)

    async def stand_in_placed(self, model: ModelDeployment, pod: str, node: str, original: Replica) -> None:
        """Tell that clients elsewhere get a replica while the link to an edge node is cut."""
        note = (
            f"{original.node} is cut off: replica {pod} on {node} stands in for {original.name}, which goes "
            "on serving its site"
        )
        await self._tell(model, Reason.STAND_IN_PLACED, "StandIn", note)

    async def stand_in_over(self, model: ModelDeployment, stand_in: Replica) -> None:
        """Tell that a stand-in goes."""
        note = f"replica {stand_in.name} on {stand_in.node} goes: the one that it stood in for is back"
        await self._tell(model, Reason.STAND_IN_OVER, "StandIn", note)

    async def rollout(self, model: ModelDeployment, variant: str, reason: Reason, why: str) -> None:
        """Tell how far the new version of a variant is."""
        tell = self._warn if reason is Reason.ROLLED_BACK else self._tell
        await tell(model, reason, "RollOut", f"new version of variant {variant}: {why}")

    async def profiles_conflict(self, profile: ObjectMeta, why: str) -> None:
        """Tell that two NodeProfiles say different things, and only their names told which one counts."""
        await self._poster.post(subject(NODE_PROFILES, profile), Reason.CONFLICTING, "Compare", why)

    async def training_news(self, training: ModelTraining, news: News) -> None:
        """Tell of a run of a training."""
        meta = training.metadata
        about = Subject(
            MODEL_TRAININGS, meta.namespace or "", meta.name, meta.uid or "", meta.resource_version or ""
        )
        kind = WARNING if news.is_warning else NORMAL
        await self._poster.post(about, news.reason, "Train", news.note, kind)

    async def stopped_deciding(self, namespace: str, why: str) -> None:
        """Tell, at the operator's Lease, that nothing is decided at present."""
        note = f"nothing is decided: {why}"
        await self._poster.post(
            Subject(LEASES, namespace, OPERATOR_LEASE), Reason.DECISIONS_STOPPED, "Observe", note
        )

    async def _tell(self, model: ModelDeployment, reason: Reason, action: str, note: str) -> None:
        await self._poster.post(_subject(model), reason, action, note, NORMAL)

    async def _warn(self, model: ModelDeployment, reason: Reason, action: str, note: str) -> None:
        await self._poster.post(_subject(model), reason, action, note)


def _subject(model: ModelDeployment) -> Subject:
    meta = model.metadata
    return Subject(
        MODEL_DEPLOYMENTS, meta.namespace or "", meta.name, meta.uid or "", meta.resource_version or ""
    )


def _why_blocked(blocked: Blocked) -> str:
    why = blocked.why
    if isinstance(why, PastMove):
        return f"move {why.id} to {why.target} was given up: {why.message}"
    answer = why.proposal.answer
    return f"it does not move ({why.reason})" if isinstance(answer, Assignment) else say_unplaceable(answer)


def _in_words(pod: str, move: Move) -> str:
    return f"move {move.id} of replica {pod} from {move.source} to {move.target} ({move.reason})"


def _saving(move: Move) -> str:
    if move.saving_per_hour is None:
        return ""
    return f", saves {format_usd(move.saving_per_hour)} US dollars per hour"
