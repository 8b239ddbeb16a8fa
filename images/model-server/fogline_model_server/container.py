"""What the container may use: CPU and memory limits of cgroups, versions 1 and 2.

A group is bound by its own limit and by those of all groups above it. Inside a container the files of the
groups above are usually not there: its own group is then the root of what is mounted. The numbers of the
whole machine count only where no limit is lower. Sources: cgroups(7), and
Documentation/admin-guide/cgroup-v1 and cgroup-v2 of Linux.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_UNLIMITED_BYTES = 1 << 60
"""Version 1 writes the largest multiple of the page size for "no limit"."""
_KIBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class ContainerLimits:
    """What one container may use."""

    cpus: float | None
    """CPU time per time; None: not limited."""
    memory_bytes: int | None
    """All that it may use; None: not limited."""
    memory_used_bytes: int | None
    """What counts against that limit now, without the file cache that the kernel can drop."""


def limits(root: Path = Path("/")) -> ContainerLimits:
    """Read the limits of the group that this process is in; what cannot be read does not limit.

    Parameters
    ----------
    root
        Where ``proc`` and the mounts of cgroups are; another one in tests.

    """
    cpus: list[float] = []
    memory: list[tuple[int, int | None]] = []
    for folder in _groups(root, "cpu"):
        found = _cpus(folder)
        if found is not None:
            cpus.append(found)
    for folder in _groups(root, "memory"):
        limit = _memory_limit(folder)
        if limit is not None:
            memory.append((limit, _memory_used(folder)))
    least, used = min(memory, key=lambda pair: pair[0]) if memory else (None, None)
    return ContainerLimits(min(cpus, default=None), least, used)


def usable_cpus(container: ContainerLimits) -> int:
    """Return how many threads can compute at the same time without being throttled: at least one."""
    cores = len(os.sched_getaffinity(0))
    return max(1, cores if container.cpus is None else min(cores, int(container.cpus)))


def free_memory_bytes(container: ContainerLimits, root: Path = Path("/")) -> int | None:
    """Return what can be used beyond what is used now; None when nothing says."""
    machine = _field(root / "proc/meminfo", "MemAvailable:")
    free = [] if machine is None else [machine * _KIBIBYTE]
    if container.memory_bytes is not None and container.memory_used_bytes is not None:
        free.append(max(0, container.memory_bytes - container.memory_used_bytes))
    return min(free, default=None)


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Yield the folders of our group and of those above it, in every hierarchy that has the controller."""
    own = _own_groups(root, controller)
    for line in _lines(root / "proc/self/mountinfo"):
        mount, _, filesystem = line.partition(" - ")
        fields, kind = mount.split(" "), filesystem.split(" ")
        version = kind[0]
        if version not in own or (version == "cgroup" and controller not in kind[-1].split(",")):
            continue
        shown, mount_point = Path(_unescaped(fields[3])), root / _unescaped(fields[4]).lstrip("/")
        group = Path(own[version])
        # Without a cgroup namespace, version 1 shows the path on the machine, while the mount begins at it.
        inner = group.relative_to(shown) if group.is_relative_to(shown) else Path()
        folder = mount_point / inner
        yield folder
        while folder != mount_point:
            folder = folder.parent
            yield folder


def _own_groups(root: Path, controller: str) -> dict[str, str]:
    """Return the path of our group by the type of the filesystem that shows it."""
    own = {}
    for line in _lines(root / "proc/self/cgroup"):
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            own["cgroup2"] = path
        elif controller in controllers.split(","):
            own["cgroup"] = path
    return own


def _cpus(folder: Path) -> float | None:
    quota, _, period = _text(folder / "cpu.max").partition(" ")
    if not period:
        quota, period = _text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")
    if not (quota.isdigit() and period.isdigit() and int(period)):
        return None  # "max" and -1 are no limit
    return int(quota) / int(period)


def _memory_limit(folder: Path) -> int | None:
    text = _text(folder / "memory.max") or _text(folder / "memory.limit_in_bytes")
    return int(text) if text.isdigit() and int(text) < _UNLIMITED_BYTES else None


def _memory_used(folder: Path) -> int | None:
    text = _text(folder / "memory.current") or _text(folder / "memory.usage_in_bytes")
    if not text.isdigit():
        return None
    # The same sum by which a kubelet knows the working set.
    inactive = _field(folder / "memory.stat", "total_inactive_file")
    if inactive is None:
        inactive = _field(folder / "memory.stat", "inactive_file")
    return max(0, int(text) - (inactive or 0))


def _field(file: Path, name: str) -> int | None:
    for line in _lines(file):
        words = line.split()
        if len(words) > 1 and words[0] == name and words[1].isdigit():
            return int(words[1])
    return None


def _unescaped(path: str) -> str:
    """Undo the escapes of mountinfo: three octal digits for space, tab, newline and backslash."""
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), path)


def _lines(file: Path) -> list[str]:
    return _text(file).splitlines()


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
