"""Run documents, data files and mounts for the stages of a training."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fogline_trainer.errors import Reason
from fogline_trainer.run_document import RunDocument, parse
from fogline_trainer.samples import Samples
from fogline_trainer.stores.opening import Mounts
from fogline_trainer.workspace import Stage

CLASSES = 3
SHAPE = [4]
STAGE_LIMIT_SECONDS = 600


def document(run: int = 1, **parts: Any) -> dict[str, Any]:
    """Return a run document over claims; `parts` replace parts of its spec."""
    spec = {
        "data": {
            "uri": "pvc://data/samples.npz",
            "features": {"name": "values", "shape": SHAPE},
            "label": {"field": "labels", "classes": CLASSES},
        },
        "workspace": {"uri": "pvc://training/samples"},
        "publish": {"uri": "pvc://models/samples"},
        **parts,
    }
    return {
        "training": "samples",
        "namespace": "team",
        "uid": "uid-1",
        "run": run,
        "key": "key",
        "spec": spec,
    }


def parsed(**parts: Any) -> RunDocument:
    """Return a run document as the stages have it."""
    return parse(json.dumps(document(**parts)).encode())


def with_data(**changes: Any) -> dict[str, Any]:
    """Return the data part with some fields changed."""
    data: dict[str, Any] = document()["spec"]["data"]
    return {**data, **changes}


def random_samples(per_class: int = 20, seed: int = 1) -> Samples:
    """Return samples that a network can tell apart."""
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(CLASSES, dtype=np.int32), per_class)
    features = generator.normal(size=(len(labels), *SHAPE)).astype(np.float32)
    features[np.arange(len(labels)), labels] += 3
    return Samples(features, labels)


@dataclass(frozen=True, slots=True)
class Answer:
    """How a stage ended."""

    exit_code: int
    reason: Reason
    message: str
    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pods:
    """The folders that a pod would mount, and its stages as processes."""

    folder: Path
    python: Path = Path(sys.executable)
    """What runs the stages that are processes."""

    @property
    def mounts(self) -> Mounts:
        """Secrets and claims."""
        return Mounts(self.folder / "secrets", self.folder / "volumes")

    def claim(self, role: str) -> Path:
        """Return the folder of a claim."""
        path = self.mounts.volumes / role
        path.mkdir(parents=True, exist_ok=True)
        return path

    def secret(self, role: str, values: Mapping[str, str]) -> None:
        """Mount a Secret."""
        path = self.mounts.secrets / role
        path.mkdir(parents=True, exist_ok=True)
        for key, value in values.items():
            (path / key).write_text(value)

    def write_npz(self, **arrays: NDArray[Any]) -> None:
        """Write the data into its claim."""
        np.savez(self.claim("data") / "samples.npz", **arrays)  # type: ignore[arg-type]  # any names

    def write(self, samples: Samples) -> None:
        """Write samples as the data."""
        self.write_npz(values=samples.features, labels=samples.labels)

    def stage(self, run: RunDocument) -> Stage:
        """Return what a stage is given, for a call in this process."""
        for role in ("workspace", "publish"):
            self.claim(role)
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        return Stage(run, self.mounts, work, self.folder / "model", max_bytes=2**24)

    def start(
        self,
        stage: str,
        run: Mapping[str, Any],
        worker: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> "Pod":
        """Start a stage as a process of its own."""
        self.stage(parse(json.dumps(run).encode()))
        work = self.folder / f"{stage}-{worker}"
        work.mkdir(exist_ok=True)
        (work / "run.json").write_text(json.dumps(run))
        log = work / "termination-log"
        log.unlink(missing_ok=True)
        command = [
            *(str(self.python), "-m", "fogline_trainer", stage, "--run", str(work / "run.json")),
            *("--secrets", str(self.mounts.secrets), "--volumes", str(self.mounts.volumes)),
            *("--work", str(work), "--termination-log", str(log), "--port", "0"),
        ]
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "FOGLINE_WORKER": str(worker),
            **(environment or {}),
        }
        output = (work / "output").open("ab")
        process = subprocess.Popen(command, env=variables, stdout=output, stderr=subprocess.STDOUT)
        output.close()
        return Pod(process, log, work / "output")


@dataclass(frozen=True, slots=True)
class Pod:
    """A stage that runs."""

    process: "subprocess.Popen[bytes]"
    log: Path
    output: Path

    def end(self) -> Answer:
        """Wait for its end and return its answer."""
        code = self.process.wait(STAGE_LIMIT_SECONDS)
        if not self.log.exists():
            return Answer(code, Reason.FAILED, self.output.read_text(errors="replace")[-2000:], {})
        told = json.loads(self.log.read_text())
        return Answer(code, Reason(told["reason"]), told["message"], told["result"])
