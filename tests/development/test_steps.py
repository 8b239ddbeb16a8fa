"""A step shows what failed and what to do, keeps its log, and never waits for ever."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dev import processes, steps
from dev.errors import DevError
from dev.paths import ROOT
from dev.steps import step
from tests.support.wait import LIMIT_SECONDS


@pytest.fixture(autouse=True)
def _own_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "RUN", tmp_path)


def test_a_command_returns_its_output_and_both_outputs_are_kept(tmp_path: Path) -> None:
    with step("Say hello", advice="nothing") as saying:
        assert saying.run(["sh", "-c", "echo hello; echo aside >&2"]) == "hello\n"
    log = (tmp_path / "logs" / "say-hello.log").read_text()
    assert {"hello", "aside"} < set(log.splitlines())


def test_a_command_reads_the_file_that_it_is_given_and_else_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("what it says\n")
    with step("Read", advice="nothing") as reading:
        assert reading.run(["cat"], reads=tmp_path / "file") == "what it says\n"
        assert reading.run(["cat"]) == ""


def test_a_failure_shows_the_last_lines_the_log_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DevError) as failure, step("Try", advice="buy a bigger one") as trying:
        trying.run(["sh", "-c", "echo disk full >&2; exit 3"])
    for part in ("Try", "status 3", "disk full", str(tmp_path / "logs" / "try.log"), "buy a bigger one"):
        assert part in str(failure.value)
    assert "Try: FAILED" in capsys.readouterr().err


def test_a_missing_program_is_named() -> None:
    with pytest.raises(DevError, match="no-such-program is not installed"), step("Try", advice="x") as trying:
        trying.run(["no-such-program"])


def test_a_command_that_does_not_end_is_killed_with_its_children() -> None:
    for limit_seconds in (0.5, 5, 50):  # on a busy machine it may not have begun when its time is up
        with pytest.raises(DevError, match="had not ended after"), step("Wait", advice="x") as waiting:
            waiting.run(["sh", "-c", "sleep 987 & echo $!; wait"], limit_seconds=limit_seconds)
        if (said := _last_line(waiting.log)).isdigit():
            break
    _wait_until_gone(int(said))


def test_a_command_dies_with_a_killed_run(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path; from dev import steps; steps.RUN = Path(sys.argv[1])\n"
        "with steps.step('Hang', advice='') as hanging:\n"
        "  hanging.run(['sh', '-c', 'echo $$; exec sleep 987'])\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", f"import sys; {script}", tmp_path], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    log = tmp_path / "logs" / "hang.log"
    give_up = time.monotonic() + LIMIT_SECONDS
    while not (said := _last_line(log)).isdigit():
        assert time.monotonic() < give_up
        time.sleep(0.02)
    command = int(said)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    _wait_until_gone(command)


def _last_line(log: Path) -> str:
    """Read the last line that is whole; empty where there is none."""
    whole, end, _ = (log.read_text() if log.exists() else "").rpartition("\n")
    return whole.rpartition("\n")[2] if end else ""


def _wait_until_gone(pid: int) -> None:
    give_up = time.monotonic() + LIMIT_SECONDS
    while processes.identity(pid) is not None:
        assert time.monotonic() < give_up
        time.sleep(0.02)
