"""ValidatingAdmissionPolicies, as far as it matters whether they deny anything."""

from collections.abc import Mapping
from typing import Any

from fogline.cluster.objects.metadata import ObjectMeta, Slim


class PolicySpec(Slim, frozen=True):
    """What becomes of a request that the policy cannot judge."""

    failure_policy: str = "Fail"


class Policy(Slim, frozen=True):
    """A ValidatingAdmissionPolicy."""

    metadata: ObjectMeta
    spec: PolicySpec = PolicySpec()


class PolicyBindingSpec(Slim, frozen=True):
    """Which policy is in force, and where."""

    policy_name: str = ""
    validation_actions: tuple[str, ...] = ()
    match_resources: Mapping[str, Any] | None = None
    """None: everywhere."""


class PolicyBinding(Slim, frozen=True):
    """A ValidatingAdmissionPolicyBinding."""

    metadata: ObjectMeta
    spec: PolicyBindingSpec = PolicyBindingSpec()
