"""The images of the Kubernetes components and the archive from which kind builds a node image."""

import re
import shutil
import tarfile
from pathlib import Path

from dev.archive import Image, write_archive
from dev.paths import ROOT
from dev.programs import PINS, program
from dev.steps import Step
from dev.versions import KUBERNETES

SOURCES = ROOT / "dev" / "node"
BIN = "/usr/local/bin"
SERVERS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def pack(packing: Step, folder: Path, network: Path) -> Path:
    """Write what ``kind build node-image --type file`` reads: programs and images.

    Parameters
    ----------
    folder
        Where the archive goes.
    network
        Tar file of the root file system for kube-proxy and the pod network.
    """
    binaries = folder / "kubernetes" / "server" / "bin"
    binaries.mkdir(parents=True)
    packing.run(["gcc", "-Os", "-static", "-s", "-o", folder / "pause", SOURCES / "pause.c"])
    for name in SERVERS:
        image = Image(f"registry.k8s.io/{name}:{KUBERNETES}", (f"{BIN}/{name}",), _one(name))
        write_archive(binaries / f"{name}.tar", [image])
    # kind loads every image of an archive, so the images that it would pull ride with kube-proxy's
    write_archive(binaries / "kube-proxy.tar", _other_images(packing, folder / "pause", network))
    for name in ("kubeadm", "kubelet", "kubectl"):
        shutil.copy(program(name), binaries)
    (folder / "kubernetes" / "version").write_text(KUBERNETES)
    archive = folder / "server.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        tar.add(folder / "kubernetes", "kubernetes")
    return archive


def kind_sources(running: Step) -> Path:
    """Return kind's module in the Go module cache; its files are read there and not kept here."""
    running.run(["go", "mod", "download", "sigs.k8s.io/kind"], cwd=PINS / "kind")
    return Path(
        running.run(["go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kind"], cwd=PINS / "kind").strip()
    )


def _other_images(packing: Step, pause: Path, network: Path) -> list[Image]:
    """Return the images that kubeadm and kind's manifests name, under the names that they use."""
    kind = kind_sources(packing)
    listing = packing.run(
        [program("kubeadm"), "config", "images", "list", "--kubernetes-version", KUBERNETES]
    )
    etcd, dns = (next(line for line in listing.split() if part in line) for part in ("/etcd:", "/coredns:"))
    manifests = "".join(file.read_text() for file in (kind / "pkg/build/nodeimage").glob("const_*.go"))
    network_tag, provisioner_tag, helper_tag = (
        _only(rf'^const {name} = "(.*)"', manifests)
        for name in ("kindnetdImage", "storageProvisionerImage", "storageHelperImage")
    )
    pause_tag = _only(
        r'sandbox_image = "(.*)"', (kind / "images/base/files/etc/containerd/config.toml").read_text()
    )
    script = f"{BIN}/network.sh"
    provisioner = "local-path-provisioner"
    return [
        Image(
            f"registry.k8s.io/kube-proxy:{KUBERNETES}",
            (f"{BIN}/kube-proxy",),
            _one("kube-proxy"),
            base=network,
        ),
        Image(network_tag, ("/usr/bin/bash", script), {script: SOURCES / "network.sh"}, base=network),
        Image(helper_tag, ("/bin/sh",), {}, base=network),
        Image(provisioner_tag, (f"{BIN}/{provisioner}",), _one(provisioner)),
        Image(etcd, (f"{BIN}/etcd",), _one("etcd")),
        Image(dns, ("/coredns",), {"/coredns": program("coredns"), CERTIFICATES: Path(CERTIFICATES)}),
        Image(pause_tag, ("/pause",), {"/pause": pause}, user="65535:65535"),
    ]


def _one(name: str) -> dict[str, Path]:
    return {f"{BIN}/{name}": program(name)}


def _only(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    if match is None:
        raise LookupError(f"kind's sources do not contain {pattern}")
    return match[1]
