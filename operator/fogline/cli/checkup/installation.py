"""Whether Kubernetes and the installation are as they should be. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from fogline.api import DataSensitivity
from fogline.api.crd import RESOURCES, custom_resource_definition
from fogline.cli.checkup.facts import JANITOR, OPERATOR, Models
from fogline.cli.checkup.findings import Outcome, Problem, error, several, warning
from fogline.cluster.documents import Document
from fogline.cluster.objects import Lease, Policy, PolicyBinding
from fogline.cluster.version import OLDEST, Release, VersionInfo
from fogline.guard import GUARDED_FROM, defect
from fogline.observe import model_key

CLOCK_WARNING_SECONDS, CLOCK_ERROR_SECONDS = 5, 30
"""Times on objects are compared with clocks: cool-downs, Leases, ends of profiles."""
_UPGRADE = (
    "helm upgrade of the release to the same version mends that; with Helm 4 and --force-conflicts if it "
    "was changed by hand"
)
FIXED_RELEASES = {31: 12, 32: 8, 33: 4, 34: 0}
"""First patch level of each minor version in which a node cannot delete its own Node object and come back
with the labels it likes (CVE-2025-5187). Older minor versions have none."""


def kubernetes(version: VersionInfo, models: Models) -> Iterator[Problem | str]:
    """Check version and patch level."""
    yield version.git_version or str(version.version)
    if version.version < OLDEST:
        yield error(f"Kubernetes {version.version} is older than {OLDEST}", f"upgrade to {OLDEST} or newer")
    secret = [
        str(model_key(one))
        for one in models.readable
        if one.spec.placement.data_sensitivity >= DataSensitivity.CONFIDENTIAL
    ]
    if secret and (release := version.release) and not _is_fixed(release):
        yield error(
            f"in Kubernetes {release} a node can give itself a clearance (CVE-2025-5187), and "
            f"{several(secret)} need Confidential or more",
            f"upgrade to {_fixed_releases()}, or turn on the admission plugin "
            "OwnerReferencesPermissionEnforcement",
        )


def _is_fixed(release: Release) -> bool:
    newest = max(FIXED_RELEASES)
    if release.major > 1 or release.minor > newest:
        return True
    return release.minor in FIXED_RELEASES and release.patch >= FIXED_RELEASES[release.minor]


def _fixed_releases() -> str:
    *most, last = (f"1.{minor}.{patch}" for minor, patch in FIXED_RELEASES.items())
    return f"{', '.join(most)}, {last} or newer"


def clock(ahead_seconds: float | None) -> Iterator[Problem | str]:
    """Check that clocks agree."""
    if ahead_seconds is None:
        yield "the API server does not say its time"
        return
    yield f"the API server's is {abs(ahead_seconds):.1f} s {'ahead' if ahead_seconds > 0 else 'behind'}"
    if abs(ahead_seconds) > CLOCK_WARNING_SECONDS:
        outcome = Outcome.ERROR if abs(ahead_seconds) > CLOCK_ERROR_SECONDS else Outcome.WARNING
        side = "ahead of" if ahead_seconds > 0 else "behind"
        yield Problem(
            outcome,
            f"the clock of the API server is {abs(ahead_seconds):.0f} s {side} the one of this machine",
            "set both by NTP (chrony, systemd-timesyncd)",
        )


def definitions(definitions: Mapping[str, Document | None]) -> Iterator[Problem | str]:
    """Check that the CustomResourceDefinitions are those of this program."""
    yield "as this fogline knows them"
    ours = {one.name: custom_resource_definition(one) for one in RESOURCES}
    for name, live in definitions.items():
        if live is None:
            yield error(f"{name} is not there", "install Fogline, or its CustomResourceDefinitions")
        elif not _is_established(live):
            yield error(f"{name} is not established", f"kubectl describe crd {name} says why")
        elif _schemas(live) != _schemas(ours[name]):
            yield warning(
                f"{name} is not the one of this fogline",
                "upgrade the older of the two: the chart (helm upgrade), or this program",
            )


def _is_established(live: Document) -> bool:
    conditions = live.get("status", {}).get("conditions", ())
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)


def _schemas(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    return {one["name"]: one["schema"]["openAPIV3Schema"] for one in definition["spec"]["versions"]}


def programs(
    deployments: Mapping[str, Document], lease: Lease | None, now: datetime, ahead_seconds: float | None
) -> Iterator[Problem | str]:
    """Check that operator and janitor run, and that one operator decides."""
    if OPERATOR not in deployments and JANITOR not in deployments:
        yield error("no operator and no janitor is installed", "install the chart")
        return
    for name in (OPERATOR, JANITOR):
        live = deployments.get(name)
        if live is None:
            yield error(f"there is no Deployment {name}", "install the chart, with both of them")
        else:
            yield from running(name, live)
    if ready_replicas(deployments.get(OPERATOR, {})):
        yield from _deciding(lease, now + timedelta(seconds=ahead_seconds or 0))


def running(name: str, live: Document) -> Iterator[Problem | str]:
    """Check that all replicas of a Deployment of ours are Ready."""
    wanted, ready = live["spec"].get("replicas", 1), ready_replicas(live)
    kubectl = f"kubectl -n {live['metadata']['namespace']}"
    yield f"{name} {ready} of {wanted} Ready"
    if not wanted:
        usual = 2 if name == OPERATOR else 1
        yield error(f"{name} is scaled to 0", f"{kubectl} scale deployment {name} --replicas={usual}")
    elif ready < wanted:
        outcome = Outcome.WARNING if ready else Outcome.ERROR
        advice = f"{kubectl} describe pods -l app.kubernetes.io/name={name} says why"
        yield Problem(outcome, f"{name}: {ready} of {wanted} replicas are Ready", advice)


def ready_replicas(deployment: Document) -> int:
    """Count the replicas of a Deployment that are Ready."""
    return int(deployment.get("status", {}).get("readyReplicas", 0))


def _deciding(lease: Lease | None, now: datetime) -> Iterator[Problem | str]:
    if lease is None or not lease.spec.holder_identity or lease.spec.renew_time is None:
        yield error("no operator holds the Lease, so nothing is decided", "look at the log of the operator")
        return
    silent = (now - lease.spec.renew_time).total_seconds()
    patience = 2 * (lease.spec.lease_duration_seconds or 15)
    yield f"{lease.spec.holder_identity} decides"
    if silent > patience:
        yield error(
            f"{lease.spec.holder_identity} holds the Lease, but has not renewed it for {silent:.0f} s",
            "look at the log of the operator; meanwhile the janitor lets new pods start after two minutes",
        )
    elif silent < -CLOCK_WARNING_SECONDS:
        yield warning(
            f"the clock of the operator is {-silent:.0f} s ahead of the API server's",
            "set the clocks of the nodes by NTP (chrony, systemd-timesyncd)",
        )


def rights(missing: Mapping[str, Sequence[str]]) -> Iterator[Problem | str]:
    """Check that accounts of ours may do what they have to."""
    yield f"{', '.join(missing) or 'nobody'}: all that they need"
    for account, rights in missing.items():
        if rights:
            yield error(
                f"{account} may not: {several(rights)}",
                _UPGRADE,
            )


def policies(
    policies: Sequence[Document], bindings: Sequence[Document], watched: Sequence[str]
) -> Iterator[Problem | str]:
    """Check that admission policies are there, bound and understood."""
    there = {one["metadata"]["name"]: one for one in policies}
    yield f"{len(there)}: {', '.join(there)}"
    if not policies and not watched:
        yield warning(
            "no ValidatingAdmissionPolicy of Fogline is there, a net against hostile nodes",
            "install them with the chart; what each one is for is on the page about security",
        )
    for name, wrong in _defects(there, bindings, watched):
        placed = f", so nothing {GUARDED_FROM} or higher is placed" if name in watched else ""
        yield error(f"{name} {wrong}{placed}", _UPGRADE)
    for name, one in there.items():
        for wrong in one.get("status", {}).get("typeChecking", {}).get("expressionWarnings", ()):
            yield warning(
                f"{name}: {wrong.get('fieldRef')}: {wrong.get('warning', '')[:200]}",
                "install the chart of the version that fits this Kubernetes",
            )


def _defects(
    there: Mapping[str, Document], bindings: Sequence[Document], watched: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Tell what is wrong with policies: those that the operator looks after as it does, others by less."""
    named = {one["metadata"]["name"]: one for one in bindings}
    for name in watched:
        policy = msgspec.convert(there.get(name), Policy | None)
        if wrong := defect(policy, msgspec.convert(named.get(name), PolicyBinding | None)):
            yield name, wrong
    bound = {one["spec"].get("policyName"): None for one in bindings}
    yield from (
        (name, "has no binding and forbids nothing") for name in there if name not in {*bound, *watched}
    )
    yield from (
        (name, "is gone, but its binding is there") for name in bound if name not in {*there, *watched}
    )
