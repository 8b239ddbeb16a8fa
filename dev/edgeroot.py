"""The root file system of the edge image for any architecture, made without Docker and without running it."""

import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from dev import rootfs
from dev.imagebuild import BUILT_BASE, DISTIL, libraries
from dev.images import IMAGES, SERVER
from dev.steps import step

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
"""Processors by the names that Debian and Docker give to them."""

EDGE_IMAGE = next(image for image in IMAGES if image.name == "model-server")
ADVICE = "run the same command again; a package that could not be fetched may be there now"
LIMIT_SECONDS = 600


def make(architecture: str, target: Path) -> None:
    """Fill a folder with what the edge image holds.

    Parameters
    ----------
    architecture
        A key of `MACHINES`.
    target
        Is not there yet.

    Raises
    ------
    DevError
        A package or a library cannot be fetched.
    """
    base = rootfs.python_for(architecture).tar()
    wheels = libraries(EDGE_IMAGE, BUILT_BASE.python, MACHINES[architecture])
    with TemporaryDirectory() as folder:
        unpacked = Path(folder) / "base"
        with tarfile.open(base) as archive:
            archive.extractall(unpacked, filter="tar")
        package = Path(folder) / "package"
        package.mkdir()
        (package / SERVER.name).symlink_to(SERVER)
        with step(f"Root of the edge image for {architecture}", advice=ADVICE) as distilling:
            distilling.run(
                [sys.executable, DISTIL, unpacked, wheels, package, target], limit_seconds=LIMIT_SECONDS
            )
