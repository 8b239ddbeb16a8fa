"""What the kernel says about this process, under the names that every Prometheus client library uses."""

import os
from pathlib import Path

from fogline_model_server.metrics.text import Metric, scalars

MEMORY = Metric("process_resident_memory_bytes", "gauge", "Resident memory in bytes.")
CPU = Metric("process_cpu_seconds_total", "counter", "User and system processor time in seconds.")
FILES = Metric("process_open_fds", "gauge", "Open file descriptors.")
START = Metric("process_start_time_seconds", "gauge", "When the process started, in seconds since 1970.")

METRICS = (MEMORY, CPU, FILES, START)

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def process_lines() -> list[str]:
    """Return the lines of the process; none where there is no /proc, as in a bare chroot."""
    try:
        values = (_memory_bytes(), _cpu_seconds(), _files(), _start_seconds())
    except OSError:
        return []
    return [
        line for metric, value in zip(METRICS, values, strict=True) for line in scalars(metric, [((), value)])
    ]


def _memory_bytes() -> int:
    return int((_PROC / "self/statm").read_text().split()[1]) * _PAGE


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system


def _files() -> int:
    return sum(1 for _ in (_PROC / "self/fd").iterdir())


def _start_seconds() -> float:
    """Return when the process started: clock ticks after boot, field 22 of the file stat (proc(5))."""
    ticks = int((_PROC / "self/stat").read_text().rpartition(")")[2].split()[19])
    lines = (_PROC / "stat").read_text().splitlines()
    boot = next(int(line.split()[1]) for line in lines if line.startswith("btime"))
    return boot + ticks / _TICKS
