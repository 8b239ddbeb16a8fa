"""Build one image of ours: its content key, its build context, ``docker build`` without a network."""

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from dev import rootfs
from dev.cache import content_key, kept_folder, lock
from dev.docker import ask, has_image
from dev.engine import Engine
from dev.paths import ROOT, cache_home
from dev.programs import MODULE_OF, module_key, program
from dev.sources import registry_reachable
from dev.steps import step
from dev.versions import RELEASED_PYTHON_IMAGE

REPOSITORY = "fogline.dev"
GLIBC = "manylinux_2_36"
"""C library of Debian bookworm, on which both bases stand."""

UV = ROOT / ".venv" / "bin" / "uv"
DISTIL = ROOT / "images" / "distil.py"
"""In the build context of every image with Python; which of them use it is for their Dockerfiles to say."""
LIMIT_SECONDS = 900
ADVICE = "run the same command again; a wheel that could not be fetched may be there now"


@dataclass(frozen=True, slots=True)
class Base:
    """What images with Python stand on."""

    tag: str
    python: str
    """Version of its Python, for which the wheels are chosen."""


RELEASED_BASE = Base(RELEASED_PYTHON_IMAGE, "3.12")
BUILT_BASE = Base(f"{REPOSITORY}/base:{rootfs.PYTHON.key}", "3.11")


@dataclass(frozen=True, slots=True)
class Image:
    """An image of ours and what goes into it."""

    name: str
    folder: str
    """Folder under ``images/`` with its Dockerfile."""
    package: Path | None = None
    """Python package of ours; its libraries are those of ``requirements/<name>.lock``."""
    shares: tuple[Path, ...] = ()
    """Other packages of ours that it imports."""
    program: str | None = None
    """Go program that lies in the build context under its own name."""
    cloud_only: bool = False
    """Not meant for edge nodes, so not loaded there."""

    @property
    def tag(self) -> str:
        """The fixed tag that manifests name."""
        return f"{REPOSITORY}/{self.name}:dev"

    @property
    def dockerfile(self) -> Path:
        """Its Dockerfile."""
        return ROOT / "images" / self.folder / "Dockerfile"

    @property
    def requirements(self) -> Path:
        """Its libraries, pinned by hash."""
        return ROOT / "requirements" / f"{self.name}.lock"


def ensure(engine: Engine, image: Image) -> None:
    """Have the engine hold the image under its tag; build it when one of its inputs has changed.

    Raises
    ------
    DevError
        A library cannot be fetched or the build fails.
    """
    base = RELEASED_BASE if registry_reachable() else BUILT_BASE
    repository = f"{REPOSITORY}/{image.name}"
    keyed = f"{repository}:{_key(image, base)}"
    if not has_image(engine, keyed):
        with lock(cache_home() / "image-build.lock"):
            _build(engine, image, base, keyed)
    ask(engine, "tag", keyed, image.tag)
    tags = ask(engine, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", repository).split()
    outdated = [tag for tag in tags if tag not in {keyed, image.tag}]
    if outdated:
        ask(engine, "image", "rm", *outdated)


def _key(image: Image, base: Base) -> str:
    parts: list[str | Path] = [image.dockerfile]
    if image.package:
        parts += [base.tag, image.requirements, image.package, *image.shares, DISTIL]
    if image.program:
        parts.append(module_key(MODULE_OF[image.program]))
    return content_key(*parts)


def _build(engine: Engine, image: Image, base: Base, tag: str) -> None:
    arguments = []
    if image.package:
        if base is BUILT_BASE:
            _import_base(engine)
        arguments = ["--build-arg", f"BASE={base.tag}"]
    context = cache_home() / "image-build"
    shutil.rmtree(context, ignore_errors=True)
    context.mkdir(parents=True)
    _fill(context, image, base)
    with step(f"Image {image.name}", advice=ADVICE) as building:
        building.run(
            ["docker", "build", "--network", "none", *arguments, "--tag", tag, context],
            # without a registry the classic builder, which needs no plugin and no image of its own
            env={**engine.env, **({} if registry_reachable() else {"DOCKER_BUILDKIT": "0"})},
            limit_seconds=LIMIT_SECONDS,
        )
    shutil.rmtree(context)


def _fill(context: Path, image: Image, base: Base) -> None:
    """Lay out the build context."""
    shutil.copy(image.dockerfile, context)
    if image.package:
        # linked, not copied: TensorFlow alone has more than a gigabyte
        shutil.copytree(
            libraries(image, base.python, platform.machine()),
            context / "libraries",
            copy_function=os.link,
        )
        shutil.copy(DISTIL, context)
        for package in (image.package, *image.shares):
            target = context / "package" / package.name
            shutil.copytree(package, target, ignore=shutil.ignore_patterns("__pycache__"))
    if image.program:
        shutil.copy(program(image.program), context)


def libraries(image: Image, python: str, machine: str) -> Path:
    """Return a folder with the libraries of a lock, unpacked.

    Parameters
    ----------
    python
        The minor version that they are for, such as ``3.11``.
    machine
        The processors that they are for, as ``uname -m`` names them.

    Raises
    ------
    DevError
        A wheel cannot be fetched.
    """
    target = f"{machine}-{GLIBC}"

    def make(folder: Path) -> None:
        with step(f"Libraries of {image.name}", advice=ADVICE) as fetching:
            fetching.run(
                [
                    *(UV, "pip", "install", "--target", folder, "--require-hashes", "--no-deps"),
                    *("--only-binary", ":all:", "--python-version", python, "--python-platform", target),
                    *("--link-mode", "copy", "--requirements", image.requirements),
                ],
                limit_seconds=LIMIT_SECONDS,
            )

    key = content_key(image.requirements, python, target)
    return kept_folder(f"libraries/{image.name}", key, make)


def _import_base(engine: Engine) -> None:
    if has_image(engine, BUILT_BASE.tag):
        return
    tar = rootfs.PYTHON.tar()
    with step("Base image with Python", advice=ADVICE) as importing:
        importing.run(["docker", "import", tar, BUILT_BASE.tag], env=engine.env)
