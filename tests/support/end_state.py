"""The end state of a test, without what differs from run to run: for comparing one run with another."""

from typing import Any

import yaml
from tests.support.history import gates, pins
from tests.support.training_world import TrainingWorld
from tests.support.world import CHILD_KINDS, World

from fogline.cluster.documents import Document
from fogline.cluster.kinds import MODEL_DEPLOYMENTS
from fogline.names import DECIDED_AT_ANNOTATION, MODEL_LABEL, MOVED_PREFIX

_GIVEN_BY_THE_SERVER = ("clusterIP", "clusterIPs")
_OF_ONE_RUN = frozenset(
    {"lastTransitionTime", "since", "lastDecision", "id", "startedAt", "finishedAt", "seconds"}
)
"""Times, identities of moves, and the decision that was made last: which one that is depends on the way."""
_NOTES_OF_ONE_RUN = frozenset({DECIDED_AT_ANNOTATION, f"{MOVED_PREFIX}id", f"{MOVED_PREFIX}started-at"})


async def end_state(world: World) -> str:
    """Describe models, children and pods; names of pods and of the namespace, times and uids are left out."""
    found: dict[str, Any] = {}
    models = await world.client.list(MODEL_DEPLOYMENTS, namespace=world.namespace)
    for model in models.items:
        name = model["metadata"]["name"]
        found[f"ModelDeployment {name}"] = _lasting(model["status"])
        found[f"pods of {name}"] = sorted((_pod(pod) for pod in await world.pods(name)), key=str)
    for kind in CHILD_KINDS:
        listing = await world.client.list(kind, namespace=world.namespace, label_selector=MODEL_LABEL)
        for item in listing.items:
            found[f"{kind.kind} {item['metadata']['name']}"] = _child(item)
    return yaml.safe_dump(found).replace(world.namespace, "test")  # names of nodes begin with the namespace


async def training_end(training: TrainingWorld) -> str:
    """Describe a training, its Jobs, and the artifacts that its ModelDeployment has of it."""
    found = {
        "status": _lasting(await training.status()),
        "jobs": await training.jobs(),
        "artifacts": await training.artifacts(),
    }
    return yaml.safe_dump(found)


def _child(item: Document) -> Document:
    owners = [f"{owner['kind']} {owner['name']}" for owner in item["metadata"]["ownerReferences"]]
    spec = {key: value for key, value in item["spec"].items() if key not in _GIVEN_BY_THE_SERVER}
    return {"labels": item["metadata"]["labels"], "owners": owners, "spec": spec}


def _pod(pod: Document) -> Document:
    meta, spec = pod["metadata"], pod["spec"]
    return {
        "node": spec.get("nodeName"),
        "pins": sorted(map(str, pins(pod))),
        "gates": sorted(gates(pod)),
        "annotations": {
            key: note for key, note in meta["annotations"].items() if key not in _NOTES_OF_ONE_RUN
        },
    }


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lasting(one) for key, one in value.items() if key not in _OF_ONE_RUN}
    return [_lasting(one) for one in value] if isinstance(value, list) else value
