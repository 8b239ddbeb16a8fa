"""Whether the admission policies that were installed with the operator still guard what it places and trains.

Without them nothing but our own decision and kube-scheduler keeps sensitive data where it may be. So when
somebody has deleted one, nothing sensitive is placed or begun until it is back; what runs goes on.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from fogline.api import DataSensitivity, ModelDeployment, ModelTraining
from fogline.cluster.client import Client
from fogline.cluster.kinds import ADMISSION_POLICIES, ADMISSION_POLICY_BINDINGS, Kind
from fogline.cluster.objects import Policy, PolicyBinding
from fogline.errors import ApiError, NotFoundError, UnavailableError

GUARDED_FROM = DataSensitivity.CONFIDENTIAL
"""Lowest data sensitivity that needs the policies."""

T = TypeVar("T")

logger = logging.getLogger(__name__)


def defect(policy: Policy | None, binding: PolicyBinding | None) -> str | None:
    """Say why a policy refuses nothing, or not everywhere; None when nothing speaks against it.

    Its expressions are not judged: who may change those may do anything.
    """
    if policy is None:
        return "is gone"
    if binding is None:
        return "has no binding"
    if policy.spec.failure_policy != "Fail":
        return "lets pass what it cannot judge (failurePolicy)"
    if binding.spec.policy_name != policy.metadata.name or binding.spec.match_resources is not None:
        return "is not bound to everything"
    if "Deny" not in binding.spec.validation_actions:
        return "does not deny (validationActions of its binding)"
    return None


class Guard:
    """Looks after policies by name; a policy and its binding have the same.

    Parameters
    ----------
    names
        Those that were installed; none: nothing is looked after.
    changed
        Called when all is guarded again, or not any more.
    """

    def __init__(self, names: Sequence[str] = (), changed: Callable[[], None] = lambda: None) -> None:
        self._names = names
        self._changed = changed
        self._looked = not names
        self._defects: dict[str, str] = {}

    @property
    def defects(self) -> int:
        """How many policies are missing or refuse nothing."""
        return len(self._defects)

    def gap(self, of: ModelDeployment | ModelTraining) -> str | None:
        """Say why nothing new of a model or training may be placed or begun now; None when it may."""
        if of.spec.placement.data_sensitivity < GUARDED_FROM:
            return None
        if not self._looked:
            return "the admission policies of Fogline have not been looked at yet"
        if not self._defects:
            return None
        found = "; ".join(f"ValidatingAdmissionPolicy {name} {what}" for name, what in self._defects.items())
        return (
            f"{found}: helm upgrade of the release brings it back, and then {GUARDED_FROM} and higher "
            "go on; what runs is left alone"
        )

    async def look(self, client: Client) -> None:
        """Look at every policy. One that cannot be read for the moment counts as it was seen last."""
        try:
            found = {name: what for name in self._names if (what := await _look_at(client, name))}
        except UnavailableError as error:
            logger.warning("policies not read, trying again", extra={"error": str(error)})
            return
        if found == self._defects and self._looked:
            return
        for name, what in found.items():
            logger.warning("a policy is missing", extra={"policy": name, "why": what})
        self._looked, self._defects = True, found
        self._changed()


async def _look_at(client: Client, name: str) -> str | None:
    try:
        policy = await _read(client, ADMISSION_POLICIES, name, Policy)
        return defect(policy, await _read(client, ADMISSION_POLICY_BINDINGS, name, PolicyBinding))
    except UnavailableError:
        raise
    except ApiError as error:
        return f"cannot be read ({error})"


async def _read(client: Client, kind: Kind, name: str, as_type: type[T]) -> T | None:
    try:
        return await client.get(kind, None, name, as_type)
    except NotFoundError:
        return None
