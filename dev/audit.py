"""Look every locked library up in the database of known vulnerabilities: ``python -m dev.audit``.

It ends with 0 when nothing is known, with 1 when something is, and with 2 when the database gave no answer.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.paths import ROOT

LIMIT_SECONDS = 600
CLEAN, VULNERABLE, NO_ANSWER = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Audit:
    """What came of one lock."""

    status: int
    """`CLEAN`, `VULNERABLE` or `NO_ANSWER`."""
    text: str


def audit(
    lock: Path, command: Sequence[str | Path] = (Path(sys.executable).with_name("pip-audit"),)
) -> Audit:
    """Look up the libraries of a lock; one that cannot be looked up makes the whole lock unanswered.

    Parameters
    ----------
    command
        What stands for pip-audit.
    """
    done = subprocess.run(
        [
            *command,
            *("--strict", "--disable-pip", "--require-hashes", "--progress-spinner=off", "--format=json"),
            f"--requirement={lock}",
        ],
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    if done.returncode == 0:
        return Audit(CLEAN, "nothing known")
    if not done.stdout.strip():  # it reports all libraries or none
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return Audit(NO_ANSWER, f"no answer, so nothing is known about it: {last}")
    found = [
        f"{one['name']} {one['version']}: {', '.join(bug['id'] for bug in one['vulns'])}"
        for one in json.loads(done.stdout)["dependencies"]
        if one.get("vulns")
    ]
    return Audit(VULNERABLE, "; ".join(found))


def main() -> int:
    """Audit all locks; return the exit status, a vulnerability before a missing answer."""
    statuses = set()
    for lock in sorted((ROOT / "requirements").glob("*.lock")):
        found = audit(lock)
        print(f"{lock.relative_to(ROOT)}: {found.text}", flush=True)
        statuses.add(found.status)
    if NO_ANSWER in statuses:
        print(
            "The database of known vulnerabilities could not be asked about all of it. That is no answer, not"
            " a good one: run it again where the database can be reached.",
            file=sys.stderr,
        )
    return VULNERABLE if VULNERABLE in statuses else max(statuses)


if __name__ == "__main__":
    sys.exit(main())
