"""Whether Kubernetes and the installation are as they should be. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from fogline.api import DataSensitivity
from fogline.api.crd import MODEL_DEPLOYMENT, NODE_PROFILE, custom_resource_definition
from fogline.cli.checkup.facts import Models
from fogline.cli.checkup.findings import Outcome, Problem, error, several, warning
from fogline.cluster.documents import Document
from fogline.cluster.objects import Lease
from fogline.cluster.version import OLDEST, Release, VersionInfo
from fogline.observe import model_key

CLOCK_WARNING_SECONDS, CLOCK_ERROR_SECONDS = 5, 30
"""Times on objects are compared with clocks: cool-downs, Leases, ends of profiles."""
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
    ours = {one.name: custom_resource_definition(one) for one in (MODEL_DEPLOYMENT, NODE_PROFILE)}
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
    if not deployments:
        yield error("no operator and no janitor is installed", "install the chart")
        return
    for name in ("fogline-operator", "fogline-janitor"):
        live = deployments.get(name)
        if live is None:
            yield error(f"there is no Deployment {name}", "install the chart, with both of them")
            continue
        wanted, ready = live["spec"].get("replicas", 1), live.get("status", {}).get("readyReplicas", 0)
        namespace = live["metadata"]["namespace"]
        yield f"{name} {ready} of {wanted} Ready"
        if ready < wanted:
            outcome = Outcome.WARNING if ready else Outcome.ERROR
            advice = f"kubectl -n {namespace} describe pods -l app.kubernetes.io/name={name}"
            yield Problem(outcome, f"{name}: {ready} of {wanted} replicas are Ready", f"{advice} says why")
    yield from _deciding(lease, now + timedelta(seconds=ahead_seconds or 0))


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
                "apply the roles of the chart of the same version (helm upgrade)",
            )


def policies(
    policies: Sequence[Mapping[str, Any]], bindings: Sequence[Mapping[str, Any]]
) -> Iterator[Problem | str]:
    """Check that admission policies are there and bound."""
    names = [one["metadata"]["name"] for one in policies]
    yield f"{len(names)}: {', '.join(names)}"
    if not policies:
        yield warning(
            "no ValidatingAdmissionPolicy of Fogline is there, a net against hostile nodes",
            "install them with the chart; what each one is for is on the page about security",
        )
    bound = {one["spec"].get("policyName") for one in bindings}
    for name in names:
        if name not in bound:
            yield error(f"{name} has no binding and forbids nothing", "install its binding with the chart")
    for one in policies:
        for wrong in one.get("status", {}).get("typeChecking", {}).get("expressionWarnings", ()):
            yield warning(
                f"{one['metadata']['name']}: {wrong.get('fieldRef')}: {wrong.get('warning', '')[:200]}",
                "install the chart of the version that fits this Kubernetes",
            )
