"""What the container may use, on trees of files as kernels show them."""

import os
from pathlib import Path

import pytest

from fogline_model_server.container import ContainerLimits, free_memory_bytes, limits, usable_cpus

MEBIBYTE = 1 << 20
VERSION_2 = "30 23 0:28 {shown} /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw"
VERSION_1 = (
    "31 23 0:29 {shown} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "32 23 0:30 {shown} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"
)


def tree(root: Path, mounts: str, groups: str, files: dict[str, str]) -> Path:
    """Write the files that say which groups there are, and those of the groups."""
    below = {"proc/self/mountinfo": mounts, "proc/self/cgroup": groups, **files}
    for name, text in below.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    return root


def test_a_container_of_version_2_is_bound_by_its_own_files(tmp_path: Path) -> None:
    files = {
        "sys/fs/cgroup/cpu.max": "150000 100000",
        "sys/fs/cgroup/memory.max": str(512 * MEBIBYTE),
        "sys/fs/cgroup/memory.current": str(200 * MEBIBYTE),
        "sys/fs/cgroup/memory.stat": f"anon 1\nfile 2\ninactive_file {50 * MEBIBYTE}",
    }
    root = tree(tmp_path, VERSION_2.format(shown="/"), "0::/", files)
    assert limits(root) == ContainerLimits(1.5, 512 * MEBIBYTE, 150 * MEBIBYTE)


def test_the_lowest_limit_of_nested_groups_holds(tmp_path: Path) -> None:
    files = {
        "sys/fs/cgroup/pod/cpu.max": "100000 100000",
        "sys/fs/cgroup/pod/memory.max": str(100 * MEBIBYTE),
        "sys/fs/cgroup/pod/memory.current": str(90 * MEBIBYTE),
        "sys/fs/cgroup/pod/container/cpu.max": "max 100000",
        "sys/fs/cgroup/pod/container/memory.max": str(300 * MEBIBYTE),
        "sys/fs/cgroup/pod/container/memory.current": str(10 * MEBIBYTE),
    }
    root = tree(tmp_path, VERSION_2.format(shown="/"), "0::/pod/container", files)
    assert limits(root) == ContainerLimits(1.0, 100 * MEBIBYTE, 90 * MEBIBYTE)


@pytest.mark.parametrize("group", ["/", "/docker/abc"], ids=["namespace", "path on the machine"])
def test_a_container_of_version_1_is_bound_by_its_own_files(tmp_path: Path, group: str) -> None:
    files = {
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "250000",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": str(64 * MEBIBYTE),
        "sys/fs/cgroup/memory/memory.usage_in_bytes": str(30 * MEBIBYTE),
        "sys/fs/cgroup/memory/memory.stat": f"inactive_file 1\ntotal_inactive_file {10 * MEBIBYTE}",
    }
    groups = f"4:memory:{group}\n2:cpu,cpuacct:{group}\n0::/"
    root = tree(tmp_path, VERSION_1.format(shown=group), groups, files)
    assert limits(root) == ContainerLimits(2.5, 64 * MEBIBYTE, 20 * MEBIBYTE)


def test_no_limit_is_written_in_three_ways(tmp_path: Path) -> None:
    version_1 = {
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
    }
    version_2 = {"sys/fs/cgroup/cpu.max": "max 100000", "sys/fs/cgroup/memory.max": "max"}
    nothing = ContainerLimits(None, None, None)
    groups = "4:memory:/\n2:cpu,cpuacct:/"
    assert limits(tree(tmp_path / "1", VERSION_1.format(shown="/"), groups, version_1)) == nothing
    assert limits(tree(tmp_path / "2", VERSION_2.format(shown="/"), "0::/", version_2)) == nothing
    assert limits(tmp_path / "no such files") == nothing


def test_a_mount_point_with_a_space_is_found(tmp_path: Path) -> None:
    mount = VERSION_2.format(shown="/").replace("/sys/fs/cgroup", r"/sys/c\040g", 1)
    root = tree(tmp_path, mount, "0::/", {"sys/c g/cpu.max": "50000 100000"})
    assert limits(root).cpus == 0.5


@pytest.mark.parametrize(("cpus", "threads"), [(0.2, 1), (1.9, 1), (1000.0, None), (None, None)])
def test_threads_fit_into_the_limit_and_the_machine(cpus: float | None, threads: int | None) -> None:
    assert usable_cpus(ContainerLimits(cpus, None, None)) == (threads or len(os.sched_getaffinity(0)))


@pytest.mark.parametrize(
    ("limit", "used", "free"),
    [(100, 30, 70), (100, 130, 0), (1 << 40, 0, 4096 * 1024), (None, None, 4096 * 1024)],
    ids=["limit", "above the limit", "machine is smaller", "no limit"],
)
def test_free_memory_is_that_of_the_container_where_it_has_a_limit(
    tmp_path: Path, limit: int | None, used: int | None, free: int
) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9000 kB\nMemAvailable: 4096 kB\n")
    assert free_memory_bytes(ContainerLimits(None, limit, used), tmp_path) == free


def test_without_any_source_nobody_knows_the_free_memory(tmp_path: Path) -> None:
    assert free_memory_bytes(ContainerLimits(None, None, None), tmp_path) is None
