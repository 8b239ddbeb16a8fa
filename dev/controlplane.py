"""Control planes with simulated nodes: kwokctl's binary runtime, several at once, on loopback only.

A control plane belongs to the process that started it, unless it is kept. The next `start` and ``down``
remove those whose process has died.
"""

import os
import re
import shutil
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from dev import libyaml, processes
from dev.api import connect, server_url
from dev.cache import lock
from dev.cluster import mark_as_ours
from dev.errors import DevError
from dev.paths import RUN, cache_home
from dev.programs import RARE_COLLECTION, program, released_or_built
from dev.sources import registry_reachable
from dev.steps import Step, step
from dev.versions import KUBERNETES

WORK = RUN / "kwok"
KEPT = "kept"
"""Owner of a control plane that outlives the process that started it."""

BINARIES = {
    "etcd": "etcd",
    "kube-apiserver": "kube-apiserver",
    "kube-controller-manager": "kube-controller-manager",
    "kube-scheduler": "kube-scheduler",
    "kwok-controller": "kwok",
}
"""Program of each component."""

CREATE_LIMIT_SECONDS = 300
READY_LIMIT_SECONDS = 240
"""For kwokctl, which by itself says more than we could when the time is up."""
END_LIMIT_SECONDS = 20
ADVICE = f"look at the logs in {WORK}/clusters/NAME/logs, then run the same command again"


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """A running control plane: etcd, kube-apiserver, controller manager, scheduler, kwok controller."""

    name: str
    kubeconfig: Path
    """Kubeconfig of its administrator."""
    server: str
    """URL of its API server, on a loopback port."""

    @property
    def etcd(self) -> str:
        """URL of its etcd, on a loopback port, for whoever brings in very many objects."""
        saved = libyaml.load_all((self.kubeconfig.parent / "kwok.yaml").read_text())
        options = next(one["options"] for one in saved if one["kind"] == "KwokctlConfiguration")
        return f"http://127.0.0.1:{options['etcdPort']}"


def start(
    name: str, *, keep: bool = False, extra_args: Mapping[str, Sequence[str]] | None = None
) -> ControlPlane:
    """Start a fresh control plane; one of the same name is removed first.

    Parameters
    ----------
    name
        Lower-case letters, digits and hyphens.
    keep
        Outlive this process, until `stop` or ``down``.
    extra_args
        Arguments by component, for instance ``{"kube-scheduler": ["kube-api-qps=1000"]}``; components are
        ``etcd``, ``kube-apiserver``, ``kube-controller-manager``, ``kube-scheduler`` and ``kwok-controller``.

    Raises
    ------
    DevError
        The name is not valid, a program cannot be built, or the control plane does not get ready.
    """
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?", name):
        raise DevError(
            f"{name!r} is no name of a control plane", "use lower-case letters, digits and hyphens"
        )
    configuration = _configuration(extra_args or {})
    tools = _tools()
    with lock(_ports()), step(f"Control plane {name}", advice=ADVICE) as starting:
        remove_orphans()
        _remove(name)
        folder = _folder(name)
        folder.mkdir(parents=True)
        (folder / "owner").write_text(KEPT if keep else str(processes.identity(os.getpid())))
        (folder / "options.yaml").write_text(yaml.safe_dump(configuration))
        _create(starting, tools, name)
        plane = ControlPlane(name, folder / "kubeconfig.yaml", server_url(folder / "kubeconfig.yaml"))
        with connect(plane.kubeconfig) as api:
            mark_as_ours(api)
        (folder / "complete").touch()
    return plane


def find(name: str) -> ControlPlane | None:
    """Return the control plane of a name when it was started completely and answers."""
    folder = _folder(name)
    kubeconfig = folder / "kubeconfig.yaml"
    if not (folder / "complete").exists():
        return None
    try:
        with connect(kubeconfig) as api:
            api.request("GET", "/version")
    except DevError:
        return None
    return ControlPlane(name, kubeconfig, server_url(kubeconfig))


def stop(plane: ControlPlane) -> None:
    """End all processes of a control plane and remove its files. Doing it twice is no error."""
    remove(plane.name)


def remove(name: str) -> None:
    """Remove the control plane of a name, whatever state it is in."""
    with lock(_ports()):
        _remove(name)


def names() -> list[str]:
    """Return the names of all control planes, also of broken ones."""
    return sorted(folder.name for folder in (WORK / "clusters").glob("*") if folder.is_dir())


def remove_orphans() -> None:
    """Remove the control planes whose owner has died. Needs the lock."""
    for name in names():
        try:
            owner = (_folder(name) / "owner").read_text()
        except FileNotFoundError:
            owner = ""
        pid = owner.partition("-")[0]
        if owner != KEPT and not (pid.isdigit() and processes.identity(int(pid)) == owner):
            _remove(name)


def _ports() -> Path:
    """Give the lock of all checkouts: kwokctl takes ports for its own that nobody listens on yet."""
    return cache_home() / "kwok.lock"


def _folder(name: str) -> Path:
    return WORK / "clusters" / name


def _remove(name: str) -> None:
    """End every process that works in the folder, also those that kwokctl was killed before noting down.

    The data are thrown away, so nothing is gained by waiting for kube-apiserver's orderly end of up to 15 s.
    """
    folder = _folder(name)
    leftovers = processes.mentioning(f"{folder}/", {"kwokctl", *BINARIES, *BINARIES.values()})
    processes.end(leftovers, signal.SIGKILL, limit_seconds=END_LIMIT_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)


def _configuration(extra_args: Mapping[str, Sequence[str]]) -> dict[str, object]:
    patches = [
        {
            "name": component,
            "extraArgs": [
                dict(zip(("key", "value"), argument.split("=", 1), strict=True)) for argument in arguments
            ],
        }
        for component, arguments in extra_args.items()
    ]
    return {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokctlConfiguration",
        "options": {"bindAddress": "127.0.0.1"},
        "componentsPatches": patches,
    }


@dataclass(frozen=True, slots=True)
class _Tools:
    kwokctl: Path
    options: tuple[str, ...]
    env: Mapping[str, str]


def _tools() -> _Tools:
    """Return kwokctl and what names its binaries; it fetches them by itself where releases can be reached."""
    if registry_reachable():
        return _Tools(released_or_built("kwokctl"), (), {})
    binaries = (f"--{option}-binary={program(binary)}" for option, binary in BINARIES.items())
    return _Tools(program("kwokctl"), tuple(binaries), {"KWOK_KUBECTL_BINARY": str(program("kubectl"))})


def _create(starting: Step, tools: _Tools, name: str) -> None:
    starting.run(
        [
            tools.kwokctl,
            *("create", "cluster", "--name", name, "--runtime", "binary"),
            *("--config", _folder(name) / "options.yaml", "--kubeconfig", ""),
            *("--wait", f"{READY_LIMIT_SECONDS}s"),
            *tools.options,
        ],
        env={"KWOK_WORKDIR": str(WORK), "KWOK_KUBE_VERSION": KUBERNETES, **RARE_COLLECTION, **tools.env},
        limit_seconds=CREATE_LIMIT_SECONDS,
    )
