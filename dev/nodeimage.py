"""The node image of kind: the released one where a registry can be reached, else built from parts made here.

Seconds on 2 cores for the second way, without programs and root file systems: about 50.
"""

import re
import shutil
from pathlib import Path

from dev import components, host, rootfs
from dev.beside import beside
from dev.cache import content_key, lock
from dev.docker import ask, has_image
from dev.engine import Engine
from dev.paths import ROOT, cache_home
from dev.programs import MODULE_OF, module_key, program
from dev.sources import registry_reachable
from dev.steps import Step, step
from dev.versions import KUBERNETES, RELEASED_NODE_IMAGE

PROGRAMS = (
    *(
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kube-proxy",
        "kubeadm",
        "kubelet",
        "kubectl",
    ),
    *(
        "crictl",
        "containerd",
        "containerd-shim-runc-v2",
        "ctr",
        "etcd",
        "coredns",
        "local-path-provisioner",
        "kind",
    ),
)
BASE = "kindest/base:fogline"
BUILD_LIMIT_SECONDS = 900
ADVICE = "run the same command again; if it fails in the same way, remove the cache and try once more"

UNIT_LINES_TO_DROP = re.compile(r"^(OOMScoreAdjust|LimitNPROC|LimitCORE|LimitNOFILE)=.*\n", re.MULTILINE)
"""What systemd cannot set without CAP_SYS_RESOURCE; the unit would fail."""


def ensure(engine: Engine) -> str:
    """Return the name of a node image that kind can use; build it if need be.

    Raises
    ------
    DevError
        A part cannot be built.
    """
    return RELEASED_NODE_IMAGE if registry_reachable() else _built(engine)


def built_tag() -> str:
    """Return the tag of the image that is built here; it changes with everything that goes in."""
    modules = sorted({module_key(MODULE_OF[name]) for name in PROGRAMS})
    relaxed = "relaxed" if host.lacks_sys_resource() else ""
    bases = (rootfs.NODE.key, rootfs.NETWORK.key)
    sources = (
        components.SOURCES,
        *(ROOT / "dev" / f"{name}.py" for name in ("nodeimage", "components", "archive")),
    )
    return f"kindest/node:{KUBERNETES}-{content_key(*modules, relaxed, *bases, *sources)}"


def _built(engine: Engine) -> str:
    tag = built_tag()
    if has_image(engine, tag):
        return tag
    host.require({"gcc": "gcc"})
    wait_for_packages = beside(rootfs.make_all)
    for name in PROGRAMS:
        program(name)
    wait_for_packages()
    node, network = rootfs.NODE.tar(), rootfs.NETWORK.tar()
    folder = cache_home() / "node-image"
    with lock(cache_home() / "node-image.lock"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        with step("Images of the Kubernetes components", advice=ADVICE) as packing:
            server = components.pack(packing, folder, network)
        with step("Node image", advice=ADVICE) as building:
            _remove_leftovers(engine)
            _build_base(building, engine, node, folder / "context")
            building.run(
                [
                    *(program("kind"), "build", "node-image", "--type", "file", server),
                    *("--base-image", BASE, "--image", tag),
                ],
                env={**engine.env, "TMPDIR": str(folder)},
                limit_seconds=BUILD_LIMIT_SECONDS,
            )
            _remove_parts(engine)
        shutil.rmtree(folder)
    return tag


def _remove_leftovers(engine: Engine) -> None:
    """Remove the containers in which a killed run was building, where nobody else builds."""
    containers = ask(engine, "ps", "--all", "--quiet", "--filter", "name=^kind-build-").split()
    if engine.ours and containers:
        ask(engine, "rm", "--force", "--volumes", *containers)


def _remove_parts(engine: Engine) -> None:
    """Remove what the image was built from, and earlier ones that no cluster uses."""
    ask(engine, "image", "rm", "--force", BASE, f"{BASE}-rootfs")
    if engine.ours:
        used = ask(engine, "ps", "--all", "--format", "{{.Image}}").split()
        tags = ask(engine, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "kindest/node").split()
        outdated = [tag for tag in tags if tag not in {built_tag(), *used}]
        if outdated:
            ask(engine, "image", "rm", *outdated)


def _build_base(building: Step, engine: Engine, node: Path, context: Path) -> None:
    """Build what kind calls the base image."""
    _collect_files(building, context / "files")
    shutil.copy(components.SOURCES / "Dockerfile", context)
    building.run(["docker", "import", node, f"{BASE}-rootfs"], env=engine.env)
    building.run(
        [
            "docker",
            "build",
            "--network",
            "none",
            "--build-arg",
            f"BASE={BASE}-rootfs",
            "--tag",
            BASE,
            context,
        ],
        # the classic builder needs no plugin and runs commands by the engine's own runtime
        env={**engine.env, "DOCKER_BUILDKIT": "0"},
    )


def _collect_files(building: Step, files: Path) -> None:
    """Lay out what kind's Dockerfile copies, with its modes, and the programs of the node."""
    source = components.kind_sources(building) / "images" / "base" / "files"
    for file in (file for file in source.rglob("*") if file.is_file()):
        target = files / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        target.chmod(0o755 if target.parent.name == "bin" else 0o644)
    if host.lacks_sys_resource():
        _relax(files)
    for name in ("containerd", "containerd-shim-runc-v2", "ctr", "crictl"):
        shutil.copy(program(name), files / "usr/local/bin" / name)


def _relax(files: Path) -> None:
    configuration = files / "etc/containerd/config.toml"
    text = configuration.read_text()
    configuration.write_text(text.replace("restrict_oom_score_adj = false", "restrict_oom_score_adj = true"))
    unit = files / "etc/systemd/system/containerd.service"
    unit.write_text(UNIT_LINES_TO_DROP.sub("", unit.read_text()))
