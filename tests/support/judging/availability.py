"""The promise that no model has fewer replicas than it must have because of what we did."""

from collections.abc import Iterator
from datetime import timedelta

from tests.support.changes import Change, ObjectKey
from tests.support.judging.placing import clearance_of
from tests.support.judging.seen import Seen, condition, is_alive, is_ready, model_of, moment, wrote

from fogline.api import DataSensitivity
from fogline.cluster.documents import Document
from fogline.cluster.kinds import DEPLOYMENTS, PODS
from fogline.names import DATA_SENSITIVITY_LABEL, VARIANT_LABEL

_UNSEEN = timedelta(seconds=5)
"""What happened so shortly before a deletion, whoever decided on it need not have known."""


class Availability:
    """Judges each pod that leaves while it is Ready."""

    def __init__(self) -> None:
        self._wanted: dict[ObjectKey, int] = {}
        """Replicas that a model wanted when its Deployment was scaled down last, by Deployment."""

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
            model = seen.models.get(model_of(after), {})
            self._wanted[change.key] = model.get("spec", {}).get("replicas", 1)

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
        serving = sum(is_ready(one) or _was_ready(one, change) for one in others)
        wanted = model["spec"].get("replicas", 1)
        wanted = min(wanted, self._wanted.get(deployment_of(pod) or ("", ""), wanted))
        needed = must_stay(wanted, model["spec"].get("disruption", {}).get("maxUnavailable", 0))
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


def _was_ready(pod: Document, change: Change) -> bool:
    """Tell whether a pod has stopped to be Ready so shortly before a deletion that nobody could know."""
    since = condition(pod, "Ready").get("lastTransitionTime")
    deleted = (change.after or {}).get("metadata", {})
    if since is None or "deletionTimestamp" not in deleted:
        return False
    grace = timedelta(seconds=deleted.get("deletionGracePeriodSeconds", 0))
    return moment(deleted["deletionTimestamp"]) - grace - moment(since) < _UNSEEN


def _breaks_the_data_rule(pod: Document, seen: Seen) -> bool:
    """Tell whether the node of a pod may not hold its data: that beats availability."""
    node = seen.nodes.get(pod["spec"].get("nodeName", ""))
    needs = DataSensitivity(pod["metadata"]["labels"][DATA_SENSITIVITY_LABEL])
    return node is not None and clearance_of(node["metadata"].get("labels", {})) < needs
