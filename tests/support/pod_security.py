"""The Pod Security Standards, level restricted, as checks (kubernetes.io, "Pod Security Standards")."""

from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]

_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_SECCOMP_PROFILES = {"RuntimeDefault", "Localhost"}


def violations(pod_spec: Document) -> list[str]:
    """Tell what in a pod the level restricted forbids; what we have no use for counts too."""
    return [*_of_the_pod(pod_spec), *_of_the_containers(pod_spec)]


def _of_the_pod(spec: Document) -> Iterator[str]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            yield field
    if spec.get("securityContext", {}).get("sysctls"):
        yield "sysctls"
    for volume in spec.get("volumes", ()):
        sources = volume.keys() - {"name"}
        if not sources or not sources <= _VOLUMES:
            yield f"volume {volume['name']}: {sorted(sources)}"


def _of_the_containers(spec: Document) -> Iterator[str]:
    of_pod = spec.get("securityContext", {})
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        own, name = container.get("securityContext", {}), container["name"]
        effective = {**of_pod, **own}
        if own.get("privileged"):
            yield f"{name}: privileged"
        if own.get("allowPrivilegeEscalation") is not False:
            yield f"{name}: allowPrivilegeEscalation"
        if own.get("capabilities", {}).get("drop") != ["ALL"] or own["capabilities"].get("add"):
            yield f"{name}: capabilities"
        if effective.get("runAsNonRoot") is not True or not effective.get("runAsUser"):
            yield f"{name}: runs as root"
        if effective.get("seccompProfile", {}).get("type") not in _SECCOMP_PROFILES:
            yield f"{name}: seccompProfile"
        if own.get("procMount", "Default") != "Default":
            yield f"{name}: procMount"
        if any("hostPort" in port for port in container.get("ports", ())):
            yield f"{name}: hostPort"
        yield from (f"{name}: {probe} names a host" for probe in _hosts(container))


def _hosts(container: Document) -> Iterator[str]:
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        for action in ("httpGet", "tcpSocket"):
            if "host" in container.get(probe, {}).get(action, {}):
                yield probe
