"""Leave the cluster, within a time that no uninstallation has to wait for in vain."""

import asyncio
import logging
import time
from contextlib import suppress
from itertools import product

from fogline.cluster import connection
from fogline.cluster.client import Client
from fogline.cluster.elector import LeaseName, running_seconds
from fogline.cluster.kinds import LEASES, MODEL_DEPLOYMENTS, MODEL_TRAININGS, NODE_PROFILES
from fogline.cluster.limiter import Rate
from fogline.cluster.objects import AnyObject, Lease, LeaseSpec
from fogline.cluster.transport import Limits
from fogline.config import ModelsAfterwards, UninstallSettings
from fogline.errors import FoglineError, NotFoundError
from fogline.janitor.absence import look
from fogline.janitor.budgets import FIELD_MANAGER
from fogline.names import OPERATOR_LEASE
from fogline.uninstall.keep import Keep

FAST = Rate(per_second=100, burst=100)
"""Nobody else works for models any more, and time is short."""
LEASE_LIMIT_SECONDS = 20.0
"""An operator that ends gives its Lease up; one that could not is silent for as long as the Lease lasts."""
LOOK_SECONDS = 0.5

logger = logging.getLogger(__name__)


class UnfinishedError(FoglineError):
    """Time was up before all was done.

    Parameters
    ----------
    left
        Names of what is as it was.
    """

    def __init__(self, left: list[str]) -> None:
        super().__init__(f"not done in time, install and uninstall again: {', '.join(left)}")


async def run(settings: UninstallSettings) -> None:
    """Let models go on without an operator, or delete them.

    Raises
    ------
    UnfinishedError
        Not all is done.
    ApiError
        The API server does not answer, or refuses to list something.
    """
    where = connection.default()
    end = time.monotonic() + settings.limit_seconds
    async with Client(where, Limits(decisions=FAST, other=FAST), manager=FIELD_MANAGER) as client:
        lease = LeaseName(where.namespace, OPERATOR_LEASE)
        await _until_no_operator_decides(client, lease)
        if settings.models_afterwards is ModelsAfterwards.REMOVE:
            left = await _remove(client, settings.namespaces, end)
        else:
            left = await Keep(client, settings.namespaces, end).run()
        if left:
            raise UnfinishedError(left)
        await _delete_lease(client, lease)
    logger.info("done", extra={"models": settings.models_afterwards.value})


async def _until_no_operator_decides(client: Client, name: LeaseName) -> None:
    """Wait for an operator that is about to end: it would undo what is done here."""
    give_up = time.monotonic() + LEASE_LIMIT_SECONDS
    absence = None
    while time.monotonic() < give_up:
        spec = await _read(client, name)
        absence = look(absence, spec, running_seconds(), LEASE_LIMIT_SECONDS)
        if not spec.holder_identity or absence.seconds > (spec.lease_duration_seconds or 0):
            return
        await asyncio.sleep(LOOK_SECONDS)
    logger.warning("an operator still holds the Lease, going on", extra={"lease": name.name})


async def _read(client: Client, name: LeaseName) -> LeaseSpec:
    try:
        return (await client.get(LEASES, name.namespace, name.name, Lease)).spec
    except NotFoundError:
        return LeaseSpec()


async def _delete_lease(client: Client, name: LeaseName) -> None:
    """Delete the one object that the operator made for itself."""
    try:
        lease = await client.get(LEASES, name.namespace, name.name, Lease)
        await client.delete(LEASES, name.namespace, name.name, uid=lease.metadata.uid)
    except NotFoundError:
        return


async def _remove(client: Client, namespaces: tuple[str, ...], end: float) -> list[str]:
    """Delete trainings and models, with all that they own, and NodeProfiles; returns what time did not allow.

    Without the CustomResourceDefinitions there are none.
    """
    left: list[str] = []
    spaces = namespaces or (None,)
    for kind, space in [*product((MODEL_TRAININGS, MODEL_DEPLOYMENTS), spaces), (NODE_PROFILES, None)]:
        try:
            found = (await client.list(kind, AnyObject, namespace=space)).items
        except NotFoundError:
            continue
        for one in found:
            meta = one.metadata
            if time.monotonic() > end:
                left.append("/".join(meta.key))
                continue
            with suppress(NotFoundError):
                await client.delete(kind, meta.namespace, meta.name, uid=meta.uid)
    return left
