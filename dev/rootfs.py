"""Root file systems from Debian packages: what images stand on where no registry can be reached."""

import os
from dataclasses import dataclass
from pathlib import Path

from dev import host
from dev.cache import content_key, kept_folder
from dev.steps import step

SUITE = "bookworm"
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*")
LIMIT_SECONDS = 900

_DIE_TOGETHER = ("unshare", "--pid", "--fork", "--kill-child") if os.geteuid() == 0 else ()
"""With mmdebstrap die apt and dpkg, which would go on writing after it when a run is killed."""


@dataclass(frozen=True, slots=True)
class RootFilesystem:
    """A minimal Debian with some packages."""

    title: str
    packages: tuple[str, ...]
    architecture: str | None = None
    """Debian's name of an architecture that this machine may be unable to run: the packages with what they
    need are unpacked and none of their scripts runs. None is this machine, with everything installed."""

    @property
    def key(self) -> str:
        """Key of its content; newer versions of the same packages do not change it."""
        foreign = (self.architecture,) if self.architecture else ()
        return content_key(SUITE, *self.packages, *LEFT_OUT, *foreign)

    def tar(self) -> Path:
        """Return it as a tar file; 30 to 60 s the first time.

        Raises
        ------
        DevError
            A package cannot be fetched, or mmdebstrap is missing.
        """
        return kept_folder(f"rootfs/{self.title}", self.key, self._make) / "rootfs.tar"

    def _make(self, folder: Path) -> None:
        host.require({"mmdebstrap": "mmdebstrap"})
        advice = "see whether `apt-get update` works here, then run the same command again"
        with step(f"Debian root file system ({self.title})", advice=advice) as making:
            making.run(
                [
                    *_DIE_TOGETHER,
                    *("mmdebstrap", "--skip=output/dev", "--aptopt=Acquire::Retries 3"),
                    *self._variant(),
                    *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT),
                    f"--include={','.join(self.packages)}",
                    *(SUITE, folder / "rootfs.tar"),
                ],
                env={"TMPDIR": str(folder)},
                limit_seconds=LIMIT_SECONDS,
            )

    def _variant(self) -> tuple[str, ...]:
        if self.architecture is None:
            return ("--variant=minbase",)
        return ("--variant=extract", f"--architectures={self.architecture}", "--skip=check/qemu")


NODE = RootFilesystem(
    "node",
    (
        # what kind's base image installs, without what serves network storage and rootless Docker
        *(
            "systemd",
            "conntrack",
            "iptables",
            "nftables",
            "iproute2",
            "ethtool",
            "util-linux",
            "mount",
            "kmod",
        ),
        *("libseccomp2", "pigz", "e2fsprogs", "bash", "ca-certificates", "curl", "jq", "procps"),
        # what kind builds from source and Debian has ready
        *("runc", "containernetworking-plugins"),
    ),
)
NETWORK = RootFilesystem(
    "network", ("iptables", "nftables", "conntrack", "kmod", "iproute2", "curl", "jq", "ca-certificates")
)
"""For kube-proxy and the network stand-in."""

PYTHON = RootFilesystem("python", ("python3", "libstdc++6", "ca-certificates"))
"""For the images of ours, in place of ``python:3.12-slim-bookworm``."""


def python_for(architecture: str) -> RootFilesystem:
    """Return the same for another architecture, unpacked: to take files from, not to stand on."""
    return RootFilesystem(f"python-{architecture}", PYTHON.packages, architecture)


def make_all() -> None:
    """Make every root file system that is not there."""
    for root in (NODE, NETWORK, PYTHON):
        root.tar()
