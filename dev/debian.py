"""Debian packages that are unpacked, not installed: nothing is started or changed on this machine."""

import shutil
from pathlib import Path

from dev.cache import content_key, kept_folder
from dev.rootfs import SUITE
from dev.steps import step

LIMIT_SECONDS = 300


def program(package: str, name: str) -> Path:
    """Return a program of a package: the user's own where it is installed, else from the cache.

    Raises
    ------
    DevError
        The package cannot be fetched; there is no apt-get outside of Debian.
    """
    installed = shutil.which(name)
    return Path(installed) if installed else unpacked(package) / "usr" / "bin" / name


def unpacked(package: str) -> Path:
    """Return the folder that holds the files of a package, without those that it depends on.

    Raises
    ------
    DevError
        As `program`.
    """

    def fetch(folder: Path) -> None:
        advice = f"run `apt-get update`, then the same again; or install the package {package} yourself"
        with step(f"Debian package {package}", advice=advice) as fetching:
            fetching.run(["apt-get", "download", package], cwd=folder, limit_seconds=LIMIT_SECONDS)
            for archive in folder.glob("*.deb"):
                fetching.run(["dpkg-deb", "--extract", archive, folder], limit_seconds=LIMIT_SECONDS)
                archive.unlink()

    return kept_folder(f"debian/{package}", content_key(SUITE, package), fetch)
