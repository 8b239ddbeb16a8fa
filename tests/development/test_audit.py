"""The audit of the locked libraries: three answers that nobody may take for one another."""

import json
import sys
from pathlib import Path

import pytest
from dev.audit import CLEAN, NO_ANSWER, VULNERABLE, audit

FOUND = {
    "dependencies": [
        {"name": "left", "version": "1.0", "vulns": [{"id": "PYSEC-1"}, {"id": "PYSEC-2"}]},
        {"name": "right", "version": "2.0", "vulns": []},
    ]
}


@pytest.mark.parametrize(
    ("code", "printed", "told", "status", "text"),
    [
        (0, json.dumps({"dependencies": []}), "", CLEAN, "nothing known"),
        (1, json.dumps(FOUND), "", VULNERABLE, "left 1.0: PYSEC-1, PYSEC-2"),
        (
            1,
            "",
            "ERROR: left could not be audited",
            NO_ANSWER,
            "nothing is known about it: ERROR: left could not",
        ),
        (1, "", "", NO_ANSWER, "it said nothing"),
    ],
)
def test_it_tells_clean_from_vulnerable_and_both_from_no_answer(
    code: int, printed: str, told: str, status: int, text: str, tmp_path: Path
) -> None:
    program = tmp_path / "audit.py"
    program.write_text(
        f"import sys\nsys.stdout.write({printed!r})\nsys.stderr.write({told!r})\nsys.exit({code})\n"
    )

    found = audit(tmp_path / "some.lock", (sys.executable, program))

    assert found.status == status
    assert text in found.text
