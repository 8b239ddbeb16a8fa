"""What a plan is made from: the nodes, their profiles, pods and ModelDeployments of some files."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from fogline import api, observe, snapshot
from fogline.cli import live
from fogline.cli.documents import Document
from fogline.cli.labels import unusable_labels
from fogline.conditions import Reason
from fogline.config import Settings
from fogline.errors import BadInputError

_CORE = {"Node", "Pod"}
_USED = "Node, NodeProfile, Pod and ModelDeployment"


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that a plan is made from."""

    models: tuple[api.ModelDeployment, ...]
    snapshot: snapshot.Snapshot


def take_inventory(
    documents: Iterable[Document], settings: Settings, now: datetime, warn: Callable[[str], None]
) -> Inventory:
    """Sort documents by kind and check them as the API server would.

    Parameters
    ----------
    now
        NodeProfiles that are stale by then do not count.
    warn
        Told of kinds that a plan has no use for, and of labels and NodeProfiles that do not count.

    Raises
    ------
    FileError
        A document is no object, breaks a rule of its kind, or is there twice.
    """
    nodes: list[Document] = []
    profiles: list[observe.Profile] = []
    pods: list[snapshot.Pod] = []
    models: list[api.ModelDeployment] = []
    seen: dict[tuple[str, str, str], Document] = {}
    ignored: Counter[tuple[str, str]] = Counter()
    for document in _objects(documents):
        match _kind(document):
            case "ModelDeployment":
                model = _model(document)
                models.append(model)
                _refuse_twice(document, model.metadata.namespace or "default", model.metadata.name, seen)
            case "Node":
                nodes.append(document)
            case "NodeProfile":
                profile = _profile(document)
                profiles.append(profile)
                _refuse_twice(document, "", profile.name, seen)
            case "Pod":
                if pod := live.pod(document):
                    pods.append(pod)
                    _refuse_twice(document, pod.namespace, pod.name, seen)
            case other:
                ignored[document.source, other] += 1
    for (source, kind), count in ignored.items():
        warn(f"{source}: ignored {count} {kind}: a plan is made from {_USED}")
    valid = observe.Profiles(profile for profile in profiles if not profile.is_stale(now))
    read = [live.node(document, settings, valid) for document in nodes]
    for document, node in zip(nodes, read, strict=True):
        _refuse_twice(document, "", node.name, seen)
    for complaint in chain(unusable_labels(read), _idle_profiles(profiles, read, now)):
        warn(complaint)
    return Inventory(tuple(models), observe.snapshot(read, pods))


def _objects(documents: Iterable[Document]) -> Iterator[Document]:
    """Unpack lists of objects. Items of a typed list such as NodeList need not say their kind."""
    for document in documents:
        kind = _kind(document)
        if not kind.endswith("List"):
            yield document
            continue
        items = document.value.get("items") or []
        if not isinstance(items, list):
            raise document.error("must be a list", "items")
        for number, value in enumerate(items):
            if isinstance(value, dict) and kind != "List":
                value.setdefault("kind", kind.removesuffix("List"))
            yield document.item(number)


def _kind(document: Document) -> str:
    if not isinstance(document.value, dict):
        raise document.error("must be a Kubernetes object: a mapping with apiVersion, kind and metadata")
    kind, version = document.value.get("kind"), document.value.get("apiVersion", "v1")
    if not isinstance(kind, str) or not kind:
        raise document.error("is required, such as Node, Pod or ModelDeployment", "kind")
    is_foreign = kind in _CORE and version != "v1"
    return f"{kind} of {version}" if is_foreign else kind


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


def _refuse_twice(
    document: Document, namespace: str, name: str, seen: dict[tuple[str, str, str], Document]
) -> None:
    key = document.value["kind"], namespace, name
    if before := seen.get(key):
        raise document.error(f"{key[0]} {name} is there already, see {before.place()}", "metadata.name")
    seen[key] = document
