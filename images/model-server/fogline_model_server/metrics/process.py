"""What the kernel says about this process, under the names that every Prometheus client library uses."""

import os
from collections.abc import Iterator
from pathlib import Path

from fogline_model_server.metrics.text import Metric, scalars

MEMORY = Metric("process_resident_memory_bytes", "gauge", "Resident memory in bytes.")
CPU = Metric("process_cpu_seconds_total", "counter", "User and system processor time in seconds.")
FILES = Metric("process_open_fds", "gauge", "Open file descriptors.")
START = Metric("process_start_time_seconds", "gauge", "When the process started, in seconds since 1970.")

METRICS = (MEMORY, CPU, FILES, START)

_PROC = Path("/proc/self")
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def process_lines() -> Iterator[str]:
    """Return the lines of the process."""
    resident_pages = int((_PROC / "statm").read_text().split()[1])
    times = os.times()
    yield from scalars(MEMORY, [((), resident_pages * _PAGE)])
    yield from scalars(CPU, [((), times.user + times.system)])
    yield from scalars(FILES, [((), sum(1 for _ in (_PROC / "fd").iterdir()))])
    yield from scalars(START, [((), _START)])


def _start_seconds() -> float:
    """Return when this process started: clock ticks after boot, field 22 of proc(5) stat."""
    ticks = int((_PROC / "stat").read_text().rpartition(")")[2].split()[19])
    lines = Path("/proc/stat").read_text().splitlines()
    boot = next(int(line.split()[1]) for line in lines if line.startswith("btime"))
    return boot + ticks / _TICKS


_START = _start_seconds()
