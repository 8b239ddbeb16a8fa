"""The Go programs: built once from pinned modules (``dev/go``), kept by the content of their pins.

With an empty Go build cache all of them take 10 to 20 minutes on 2 cores, most of it Kubernetes.
"""

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dev.cache import content_key, kept_folder
from dev.errors import DevError
from dev.paths import ROOT
from dev.sources import registry_reachable
from dev.steps import step
from dev.versions import CONTAINERD, HELM, KUBERNETES

PINS = ROOT / "dev" / "go"
BUILD_LIMIT_SECONDS = 2400

RARE_COLLECTION = {"GOGC": "400"}
"""Environment of programs for tests: a fifth of what a small control plane computes is garbage collection."""


@dataclass(frozen=True, slots=True)
class Module:
    """A folder of ``dev/go`` and the programs that are built from it together."""

    name: str
    packages: Mapping[str, str]
    """Package of each program, by the name of the program."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Variables that the linker sets: the version that a program reports."""
    tags: str = ""


def _kubernetes_variables() -> dict[str, str]:
    major, minor, _ = KUBERNETES.removeprefix("v").split(".")
    version = "k8s.io/component-base/version"
    return {
        f"{version}.gitVersion": KUBERNETES,
        f"{version}.gitMajor": major,
        f"{version}.gitMinor": minor,
        f"{version}.gitTreeState": "clean",
        f"{version}.gitCommit": "0" * 40,
        "k8s.io/client-go/pkg/version.gitVersion": KUBERNETES,
    }


MODULES = (
    Module(
        "kubernetes",
        {
            **{
                name: f"k8s.io/kubernetes/cmd/{name}"
                for name in (
                    "kube-apiserver",
                    "kube-controller-manager",
                    "kube-proxy",
                    "kube-scheduler",
                    "kubeadm",
                    "kubectl",
                    "kubelet",
                )
            },
            "crictl": "./crictl",
        },
        _kubernetes_variables(),
    ),
    Module("etcd", {"etcd": "go.etcd.io/etcd/server/v3"}),
    Module("kwok", {name: f"sigs.k8s.io/kwok/cmd/{name}" for name in ("kwok", "kwokctl")}),
    Module("kind", {"kind": "sigs.k8s.io/kind"}),
    Module(
        "helm",
        {"helm": "helm.sh/helm/v4/cmd/helm"},
        {"helm.sh/helm/v4/internal/version.version": HELM},
    ),
    Module("metrics-server", {"metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server"}),
    Module(
        "containerd",
        {
            name: f"github.com/containerd/containerd/v2/cmd/{name}"
            for name in ("containerd", "containerd-shim-runc-v2", "ctr")
        },
        {"github.com/containerd/containerd/v2/version.Version": CONTAINERD},
        # kind selects none of these snapshotters, and they need C libraries
        tags="no_aufs no_zfs no_btrfs no_devmapper",
    ),
    Module("coredns", {"coredns": "."}),
    Module("local-path-provisioner", {"local-path-provisioner": "github.com/rancher/local-path-provisioner"}),
    Module("versitygw", {"versitygw": "github.com/versity/versitygw/cmd/versitygw"}),
)

MODULE_OF = {program: module for module in MODULES for program in module.packages}


def program(name: str) -> Path:
    """Return the path of a program; build its module first if that was not done.

    Raises
    ------
    DevError
        The name is unknown, Go is missing or too old, or the build fails.
    """
    if name not in MODULE_OF:
        raise DevError(f"no program {name!r}", f"choose from: {', '.join(sorted(MODULE_OF))}")
    module = MODULE_OF[name]
    return kept_folder(f"programs/{module.name}", module_key(module), lambda out: _build(module, out)) / name


def released_or_built(name: str) -> Path:
    """Return a program that also comes as a release, as kind: the user's own where a registry answers.

    Raises
    ------
    DevError
        As `program`.
    """
    installed = shutil.which(name) if registry_reachable() else None
    return Path(installed) if installed else program(name)


def module_key(module: Module) -> str:
    """Return the key of everything that decides how a module's programs turn out."""
    return content_key(PINS / module.name, repr(dict(module.packages)), *_flags(module))


def executable_name(package: str, module: str) -> str:
    """Return the name that ``go build`` gives to the program of a package."""
    parts = [part for part in package.split("/") if not re.fullmatch(r"v\d+|\.", part)]
    return parts[-1] if parts else module


def _flags(module: Module) -> list[str]:
    settings = " ".join(f"-X {name}={value}" for name, value in module.variables.items())
    return ["-trimpath", "-tags", module.tags, "-ldflags", f"-s -w {settings}".strip()]


def _build(module: Module, out: Path) -> None:
    advice = "run the same command again: what was compiled is kept. A download that failed may work now."
    with step(f"Go programs of {module.name}", advice=advice) as building:
        _check_go(module)
        building.run(
            ["go", "build", "-v", "-o", f"{out}/", *_flags(module), *module.packages.values()],
            env={
                "CGO_ENABLED": "0",
                "GOFLAGS": f"{os.environ.get('GOFLAGS', '')} -mod=readonly -buildvcs=false",
            },
            cwd=PINS / module.name,
            limit_seconds=BUILD_LIMIT_SECONDS,
        )
        for name, package in module.packages.items():
            (out / executable_name(package, module.name)).rename(out / name)


def _check_go(module: Module) -> None:
    pins = (PINS / module.name / "go.mod").read_text()
    version = re.search(r"^go (\S+)$", pins, re.MULTILINE)
    if shutil.which("go") is None:
        needed = version[1] if version else ""
        raise DevError(
            "Go is not installed", f"install Go {needed} or newer (https://go.dev/doc/install), on PATH"
        )
