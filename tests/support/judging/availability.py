"""The promise that no model has fewer replicas than it must have because of what we did."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.support.changes import Change, ObjectKey
from tests.support.judging.placing import clearance_of
from tests.support.judging.seen import Seen, condition, is_alive, is_ready, model_of, moment, sets, wrote

from fogline.api import DataSensitivity
from fogline.cluster.documents import Document
from fogline.cluster.kinds import DEPLOYMENTS, PODS
from fogline.names import DATA_SENSITIVITY_LABEL, VARIANT_LABEL

_UNSEEN = timedelta(seconds=5)
"""What happened so shortly before a decision, whoever made it need not have known."""


@dataclass(frozen=True, slots=True)
class _ScaleDown:
    """The last time that a Deployment was scaled down."""

    wanted: int
    """Replicas of the model."""
    serving: int
    """Replicas that served then, without those that had begun so shortly before that nobody could know."""
    at: datetime | None
    """None where the cluster does not tell."""


class Availability:
    """Judges each pod that leaves while it is Ready."""

    def __init__(self) -> None:
        self._scaled_down: dict[ObjectKey, _ScaleDown] = {}
        """By Deployment."""

    def judge(self, change: Change, seen: Seen) -> Iterator[str]:
        """Judge one change.

        Parameters
        ----------
        seen
            The cluster before it.
        """
        if change.kind is DEPLOYMENTS:
            self._note_scale_down(change, seen)
        if change.kind is not PODS or change.before is None or not is_ready(change.before):
            return
        if not is_alive(change.before) or (change.after is not None and is_alive(change.after)):
            return
        model = seen.models.get(model_of(change.before))
        if model and self._is_our_doing(change.before, model, seen):
            yield from self._short(change, model, seen)

    def _note_scale_down(self, change: Change, seen: Seen) -> None:
        before, after = change.before, change.after
        if before and after and after["spec"]["replicas"] < before["spec"]["replicas"]:
            model, at = seen.models.get(model_of(after), {}), _written_at(after)
            serving = (one for one in seen.pods_of(model_of(after)) if is_alive(one) and is_ready(one))
            self._scaled_down[change.key] = _ScaleDown(
                wanted=model.get("spec", {}).get("replicas", 1),
                serving=sum(not _is_new(one, at) for one in serving),
                at=at,
            )

    def _is_our_doing(self, pod: Document, model: Document, seen: Seen) -> bool:
        """Tell whether a pod is deleted because the operator wanted fewer of its Deployment, or none."""
        owner = deployment_of(pod)
        if owner is None or "deletionTimestamp" in model["metadata"] or _breaks_the_data_rule(pod, seen):
            return False
        live = seen.deployments.get(owner)
        if live is None:
            variants = {one["name"] for one in model["spec"]["variants"]}
            return pod["metadata"]["labels"].get(VARIANT_LABEL) not in variants
        there = [one for one in seen.pods_of(model_of(pod)) if is_alive(one) and deployment_of(one) == owner]
        return len(there) > live["spec"]["replicas"] and wrote(live, "f:spec", "f:replicas")

    def _short(self, change: Change, model: Document, seen: Seen) -> Iterator[str]:
        pod = change.before or {}
        others = [
            one
            for one in seen.pods_of(model_of(pod))
            if one["metadata"]["uid"] != pod["metadata"]["uid"] and is_alive(one)
        ]
        wanted = model["spec"].get("replicas", 1)
        last = self._scaled_down.get(deployment_of(pod) or ("", ""), _ScaleDown(wanted, wanted, None))
        serving = sum(is_ready(one) or _was_ready(one, change, last.at) for one in others)
        wanted = min(wanted, last.wanted)
        needed = must_stay(wanted, model["spec"].get("disruption", {}).get("maxUnavailable", 0))
        # While replicas start, one may be Ready before its Deployment shrinks: then another one goes for it.
        needed = min(needed, last.serving)
        if serving < needed:
            name = model["metadata"]["name"]
            yield f"{pod['metadata']['name']} was deleted while only {serving} others of {name} were Ready"


def must_stay(wanted: int, max_unavailable: int | str) -> int:
    """Give the replicas that must stay; a percentage of those that may go is rounded down."""
    if isinstance(max_unavailable, str):
        max_unavailable = wanted * int(max_unavailable.removesuffix("%")) // 100
    return max(0, wanted - max_unavailable)


def deployment_of(pod: Document) -> ObjectKey | None:
    """Name the Deployment of a pod by its ReplicaSet; None without one."""
    for owner in pod["metadata"].get("ownerReferences", ()):
        if owner["kind"] == "ReplicaSet":
            return pod["metadata"]["namespace"], owner["name"].rpartition("-")[0]
    return None


def _was_ready(pod: Document, change: Change, decided: datetime | None) -> bool:
    """Tell whether a pod has stopped to be Ready so shortly before the decision that nobody could know.

    The decision on a deletion is taken for as late as the deletion where nothing else is known of it.
    """
    since = condition(pod, "Ready").get("lastTransitionTime")
    deleted = (change.after or {}).get("metadata", {})
    if since is None or "deletionTimestamp" not in deleted:
        return False
    grace = timedelta(seconds=deleted.get("deletionGracePeriodSeconds", 0))
    return (decided or moment(deleted["deletionTimestamp"]) - grace) - moment(since) < _UNSEEN


def _is_new(pod: Document, decided: datetime | None) -> bool:
    """Tell whether a pod has become Ready so shortly before a decision that nobody could know."""
    since = condition(pod, "Ready").get("lastTransitionTime")
    return since is not None and decided is not None and decided - moment(since) < _UNSEEN


def _written_at(deployment: Document) -> datetime | None:
    """Tell when the operator gave a Deployment its number of replicas."""
    entries = deployment["metadata"].get("managedFields", ())
    times = [one["time"] for one in entries if "time" in one and sets(one, "f:spec", "f:replicas")]
    return moment(max(times)) if times else None


def _breaks_the_data_rule(pod: Document, seen: Seen) -> bool:
    """Tell whether the node of a pod may not hold its data: that beats availability."""
    node = seen.nodes.get(pod["spec"].get("nodeName", ""))
    needs = DataSensitivity(pod["metadata"]["labels"][DATA_SENSITIVITY_LABEL])
    return node is not None and clearance_of(node["metadata"].get("labels", {})) < needs
