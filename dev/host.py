"""What this machine has: programs from Debian packages, capabilities, processors and memory."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from dev.errors import DevError
from dev.steps import step

CAP_SYS_RESOURCE = 24
"""Number of the capability, from capabilities(7)."""


def require(packages: Mapping[str, str]) -> None:
    """Make sure that programs are there; as root on Debian, install the packages of those that are not.

    Parameters
    ----------
    packages
        Debian package of each program.

    Raises
    ------
    DevError
        A program is missing and cannot be installed from here.
    """
    missing = sorted({package for program, package in packages.items() if _find(program) is None})
    if not missing:
        return
    advice = f"install these packages yourself: {' '.join(missing)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise DevError(f"missing programs of the packages {', '.join(missing)}", advice)
    with step(f"Debian packages {' '.join(missing)}", advice=advice) as installing:
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        installing.run(["apt-get", "update", "-q"], env=quiet)
        installing.run(["apt-get", "install", "-q", "-y", "--no-install-recommends", *missing], env=quiet)


def lacks_sys_resource() -> bool:
    """Tell whether this machine may not raise limits, as in some sandboxes (capability CAP_SYS_RESOURCE)."""
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return not int(status["CapBnd"], 16) >> CAP_SYS_RESOURCE & 1


def cpu_millicores() -> int:
    """Return the processors as a kubelet counts them, in thousandths."""
    return 1000 * (os.cpu_count() or 1)


def memory_kibibytes() -> int:
    """Return the memory as a kubelet counts it."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024


def _find(program: str) -> str | None:
    """Look where administrators' programs are too, which are not on every user's PATH."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
