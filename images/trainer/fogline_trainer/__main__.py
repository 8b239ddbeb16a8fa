"""The command ``fogline-trainer``: one stage of a training, run as the container of a Job."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from fogline_trainer import answer
from fogline_trainer.errors import InterruptedStageError, Reason, StageError
from fogline_trainer.progress import PORT, Progress, ProgressServer
from fogline_trainer.run_document import parse
from fogline_trainer.stores.opening import Mounts
from fogline_trainer.workspace import Stage

TERMINATED = 128 + signal.SIGTERM
DEFAULT_MAX_BYTES = 4 * 1024**3
_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a stage and end the process: 0 done, 1 broken, 2 refused and not to be tried again."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # As process 1 of a container it would not be stopped by the signal without a handler.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(TERMINATED))
    flags = _parser().parse_args(sys.argv[1:] if arguments is None else arguments)
    try:
        result = _run(flags)
    except StageError as error:
        if error.__cause__:  # of a user's module, for one
            _log.error("%s", error.reason, exc_info=error)
        _end(flags.termination_log, error.exit_code, error.reason, error.message, {})
    except Exception as error:  # noqa: BLE001  told in the answer, whatever it is
        _log.exception("%s failed", flags.stage)
        failed = InterruptedStageError(Reason.FAILED, f"{type(error).__name__}: see the log of the pod")
        _end(flags.termination_log, failed.exit_code, failed.reason, failed.message, {})
    _end(flags.termination_log, 0, Reason.DONE, f"{flags.stage} is done", result)


def _run(flags: argparse.Namespace) -> dict[str, Any]:
    stage = Stage(
        document=parse(flags.run.read_bytes()),
        mounts=Mounts(flags.secrets, flags.volumes),
        work=flags.work,
        model_folder=flags.model_folder,
        max_bytes=flags.max_bytes,
    )
    told = ProgressServer(Progress(flags.stage, restarts=_restarts(flags.work)), flags.port)
    return _STAGES[flags.stage](stage, told)


def _prepare(stage: Stage, _told: ProgressServer) -> dict[str, Any]:
    from fogline_trainer.prepare import prepare  # noqa: PLC0415  the other stages import TensorFlow

    return prepare(stage)


def _train(stage: Stage, told: ProgressServer) -> dict[str, Any]:
    from fogline_trainer.train import train  # noqa: PLC0415  imports TensorFlow

    return train(stage, told, os.environ)


def _finish(stage: Stage, _told: ProgressServer) -> dict[str, Any]:
    from fogline_trainer.finish import finish  # noqa: PLC0415  imports TensorFlow

    return finish(stage)


_STAGES: dict[str, Callable[[Stage, ProgressServer], dict[str, Any]]] = {
    "prepare": _prepare,
    "train": _train,
    "finish": _finish,
}


def _restarts(work: Path) -> int:
    """Count the starts of this container before; its work folder outlives it."""
    file = work / "starts"
    before = file.stat().st_size if file.exists() else 0
    with file.open("ab") as stream:
        stream.write(b"|")
    return before


def _end(log: Path, exit_code: int, reason: Reason, message: str, result: dict[str, Any]) -> NoReturn:
    (_log.info if exit_code == 0 else _log.error)("%s: %s", reason, message)
    answer.write(log, answer.encode(reason, message, result))
    # TensorFlow's threads wait for workers that may be gone: an ordinary end could take minutes.
    sys.stderr.flush()
    os._exit(exit_code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fogline-trainer", description=__doc__)
    parser.add_argument("stage", choices=sorted(_STAGES))
    for flag, default, text in (
        ("--run", "/etc/fogline/run/run.json", "the run document"),
        ("--model-folder", "/etc/fogline/model", "where the ConfigMap of a module is mounted"),
        ("--secrets", "/secrets", "folder with one folder for each Secret, named by its role"),
        ("--volumes", "/volumes", "folder with one mounted claim for each role"),
        ("--work", "/work", "folder for files of this container"),
        ("--termination-log", "/dev/termination-log", "file for the answer"),
    ):
        parser.add_argument(flag, type=Path, default=Path(default), help=f"{text} (default: {default})")
    parser.add_argument(
        "--port", type=int, default=PORT, help=f"for GET /progress and /metrics (default: {PORT})"
    )
    parser.add_argument(
        "--max-bytes",
        type=int,
        default=DEFAULT_MAX_BYTES,
        help=f"of the samples in memory (default: {DEFAULT_MAX_BYTES})",
    )
    return parser


if __name__ == "__main__":
    main()
