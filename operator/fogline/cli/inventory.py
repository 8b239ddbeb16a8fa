"""What a plan is made from: the nodes, their profiles, pods and ModelDeployments of some files."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from fogline import api, observe, snapshot
from fogline.cli import live
from fogline.cli.beside import without_beside
from fogline.cli.documents import Document
from fogline.cli.dump import Item
from fogline.cli.labels import unusable_labels
from fogline.cli.live import Found
from fogline.cluster import objects
from fogline.conditions import Reason
from fogline.config import Settings
from fogline.errors import BadInputError
from fogline.observe import model_key

_CORE = {"Node", "Pod"}
_USED = "Node, NodeProfile, Pod and ModelDeployment"


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that a plan is made from."""

    models: tuple[api.ModelDeployment, ...]
    snapshot: snapshot.Snapshot
    pods: tuple[objects.Pod, ...]
    """All pods as they are, for what a snapshot leaves out."""
    profiles: tuple[observe.Profile, ...] = ()
    namespace: str = "default"
    """The one that is meant when a user names none."""


def take_inventory(
    found: Iterable[Found],
    settings: Settings,
    now: datetime,
    warn: Callable[[str], None],
    profiles: Iterable[observe.Profile] = (),
) -> Inventory:
    """Sort objects by kind and check them as the API server would.

    Parameters
    ----------
    profiles
        NodeProfiles that are there already.
    now
        NodeProfiles that are stale by then do not count.
    warn
        Told of kinds that a plan has no use for, and of labels and NodeProfiles that do not count.

    Raises
    ------
    FileError
        Something is no object, breaks a rule of its kind, or is there twice.
    """
    taken = _Taken()
    ignored: Counter[tuple[str, str]] = Counter()
    for one in found:
        match _kind(one):
            case "ModelDeployment":
                taken.add_model(one)
            case "Node":
                taken.nodes.append(one)
            case "NodeProfile":
                taken.add_profile(one)
            case "Pod":
                taken.add_pod(one)
            case other:
                ignored[one.source, other] += 1
    for (source, kind), count in ignored.items():
        warn(f"{source}: ignored {count} {kind}: a plan is made from {_USED}")
    nodes = taken.read_nodes(settings, now, profiles)
    for complaint in chain(unusable_labels(nodes), _idle_profiles(taken.profiles, nodes, now)):
        warn(complaint)
    return Inventory(
        models=tuple(taken.models),
        snapshot=without_beside(taken.models, observe.snapshot(nodes, taken.holding), taken.pods, now),
        pods=tuple(taken.pods),
        profiles=tuple(taken.profiles),
    )


@dataclass(slots=True)
class _Taken:
    """What was taken so far."""

    models: list[api.ModelDeployment] = field(default_factory=list)
    nodes: list[Found] = field(default_factory=list)
    """To be read when all profiles are known."""
    profiles: list[observe.Profile] = field(default_factory=list)
    pods: list[objects.Pod] = field(default_factory=list)
    holding: list[snapshot.Pod] = field(default_factory=list)
    seen: dict[tuple[str, str, str], Found] = field(default_factory=dict)

    def add_model(self, found: Found) -> None:
        model = _model(found.document())
        self.models.append(model)
        key = model_key(model)
        self._claim_name(found, "ModelDeployment", key.namespace, key.name)

    def add_profile(self, found: Found) -> None:
        profile = _profile(found.document())
        self.profiles.append(profile)
        self._claim_name(found, "NodeProfile", "", profile.name)

    def add_pod(self, found: Found) -> None:
        pod, holding = live.pod(found)
        self.pods.append(pod)
        if holding:
            self.holding.append(holding)
        self._claim_name(found, "Pod", pod.metadata.namespace, pod.metadata.name)

    def read_nodes(
        self, settings: Settings, now: datetime, profiles: Iterable[observe.Profile]
    ) -> list[snapshot.Node]:
        """Give the nodes with what the valid profiles say about them."""
        known = chain(profiles, self.profiles)
        valid = observe.Profiles(profile for profile in known if not profile.is_stale(now))
        nodes = []
        for found in self.nodes:
            node = live.node(found, settings, valid)
            self._claim_name(found, "Node", "", node.name)
            nodes.append(node)
        return nodes

    def _claim_name(self, found: Found, kind: str, namespace: str, name: str) -> None:
        if not name:
            raise found.document().error("is required", "metadata.name")
        key = kind, namespace, name
        if before := self.seen.get(key):
            place = before.document().place()
            raise found.document().error(f"{kind} {name} is there already, see {place}", "metadata.name")
        self.seen[key] = found


def _kind(found: Found) -> str:
    """Give the kind; with its apiVersion when it is only a namesake of what a plan is made from."""
    kind, version = (found.head() if isinstance(found, Item) else None) or _head(found.document())
    is_foreign = kind in _CORE and version != "v1"
    return f"{kind} of {version}" if is_foreign else kind


def _head(document: Document) -> tuple[str, str]:
    if not isinstance(document.value, dict):
        raise document.error("must be a Kubernetes object: a mapping with apiVersion, kind and metadata")
    kind, version = document.value.get("kind"), document.value.get("apiVersion", "v1")
    if not isinstance(kind, str) or not kind:
        raise document.error("is required, such as Node, Pod or ModelDeployment", "kind")
    return kind, version


def _model(document: Document) -> api.ModelDeployment:
    try:
        return api.parse(document.value, strict=True)
    except BadInputError as error:
        raise document.error(error.message, error.field) from error


def _profile(document: Document) -> observe.Profile:
    try:
        return observe.to_profile(api.parse_node_profile(document.value, strict=True))
    except BadInputError as error:
        raise document.error(error.message, error.field) from error


def _idle_profiles(
    profiles: Iterable[observe.Profile], nodes: Iterable[snapshot.Node], now: datetime
) -> Iterator[str]:
    """Say which profiles do not take effect as they stand, and why."""
    for standing in observe.standings(profiles, ((node.name, node.labels) for node in nodes), now):
        reason, message = standing.verdict
        if reason is not Reason.IN_EFFECT:
            yield f"NodeProfile {standing.profile.name}: {reason}: {message}"
