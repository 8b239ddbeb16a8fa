"""What a process uses."""

from pathlib import Path


def resident_bytes(pid: int, field: str = "VmRSS") -> int:
    """Return the resident memory of a process now, or with ``VmHWM`` the most it ever was."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{field}:")[2].split()[0]) * 1024
