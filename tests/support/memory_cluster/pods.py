"""What a pod's document says about it."""

from typing import Any

from fogline.cluster.documents import Document


def is_alive(pod: Document) -> bool:
    """Tell whether it runs or may come to run."""
    return "deletionTimestamp" not in pod["metadata"] and pod["status"].get("phase") not in {
        "Failed",
        "Succeeded",
    }


def is_ready(pod: Document) -> bool:
    """Tell whether it gets requests."""
    conditions = pod["status"].get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def condition(document: Document, kind: str) -> dict[str, Any]:
    """Give a condition of an object; empty when it has none of this type."""
    for one in document.get("status", {}).get("conditions", ()):
        if one["type"] == kind:
            return dict(one)
    return {}


def with_condition(status: Document, kind: str, value: str, **more: Any) -> Document:
    """Give a status with one condition more, or another one."""
    others = [one for one in status.get("conditions", ()) if one["type"] != kind]
    return {**status, "conditions": [*others, {"type": kind, "status": value, **more}]}
