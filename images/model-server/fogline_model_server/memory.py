"""The memory of this process: what it uses, and a limit at which allocations fail.

An allocation that fails is an error of one request, or of one model. Without that limit the kernel ends the
process when its container is full, and all requests with it. Both engines take a failed allocation well.
"""

import resource
from pathlib import Path

_KIBIBYTE = 1024


def resident_bytes() -> int:
    """Return the memory of this process that no file backs, in bytes; 0 where the kernel does not say."""
    return _status("RssAnon:")


def data_bytes() -> int:
    """Return what counts against the limit: private memory that may be written, used or not."""
    return _status("VmData:")


def limit(beyond_bytes: int) -> None:
    """Let allocations fail that go further beyond what is used now; a lower limit that is there stays.

    Only the soft limit changes, so that a process which is started from this one may have another.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = data_bytes() + beyond_bytes
    lowest = min(value for value in (soft, hard, wanted) if value != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_DATA, (lowest, hard))


def _status(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * _KIBIBYTE
    return 0
