"""Events of ModelDeployments: translate and wake. No decisions, no writes."""

from typing import Any

import kopf

from fogline.api import GROUP, PLURAL, VERSION


async def seen(event: kopf.RawEvent, memo: kopf.Memo, **_: Any) -> None:
    """Remember what is there now and wake the loops. What happened does not matter."""
    document = event["object"]
    deleted = event["type"] == "DELETED"
    memo.wake([memo.models.forget(document) if deleted else memo.models.remember(document)])


def register(registry: kopf.OperatorRegistry) -> None:
    """Let kopf call us. Event handlers alone: they put no finalizer and no annotation on the object."""
    kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)(seen)
