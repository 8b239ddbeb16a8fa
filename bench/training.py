"""What a second worker gains: samples per second of one and of two workers, each on a core of its own.

Usage: ``python -m bench training``. The data and the convolutional network are those of ``examples/shapes``;
the stages run as in their pods, over a folder. Rounds alternate. A rate is that of three epochs out of six.
Efficiency is the gain over the number of workers: 1 would be a gain without loss.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from dev.ports import free_port
from examples.digits.data import BRIGHTEST, load
from examples.shapes.data import CLASSES, SIDE, draw

ROUNDS = 3
LIMIT_SECONDS = 900
SHAPES = {
    "data": {
        "uri": "pvc://data/samples.npz",
        "features": {"name": "images", "shape": [SIDE, SIDE, 1], "scale": "0.004"},
        "label": {"field": "labels", "classes": len(CLASSES)},
    },
    "model": {"module": {"key": "model.py"}},
    "fit": {"epochs": 6, "batchSize": 256},
    "checkpoint": {"everyEpochs": 3},
}
DIGITS = {
    "data": {
        "uri": "pvc://data/samples.npz",
        "features": {"name": "pixels", "shape": [64], "scale": "0.0625"},
        "label": {"field": "labels", "classes": 10},
    },
    "fit": {"epochs": 40, "learningRate": "0.002"},
    "export": {"forms": ["SavedModel", "TFLiteFloat32", "TFLiteInt8"]},
}


def main() -> None:
    """Print the rates, the efficiency, and how many digits each form names."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians of {ROUNDS} rounds\n")
    with tempfile.TemporaryDirectory() as name:
        images, labels = draw()
        _rates(_Stages(Path(name), SHAPES, {"images": images, "labels": labels}))
    with tempfile.TemporaryDirectory() as name:
        splits = load()
        pixels = np.concatenate([split.pixels for split in splits]) * BRIGHTEST
        arrays = {"pixels": pixels.astype(np.uint8), "labels": np.concatenate([s.labels for s in splits])}
        _accuracy(_Stages(Path(name), DIGITS, arrays))


def _rates(stages: "_Stages") -> None:
    rates: dict[int, list[float]] = {1: [], 2: []}
    for number in range(ROUNDS):
        for workers, found in rates.items():
            run = 2 * number + workers
            stages.run("prepare", run, workers)
            stages.run("train", run, workers)
            found.append(stages.rate(run))
    one, two = (statistics.median(found) for found in rates.values())
    print(f"1 worker, 1 core:   {one:8.0f} samples/s  ({min(rates[1]):.0f} to {max(rates[1]):.0f})")
    print(f"2 workers, 2 cores: {two:8.0f} samples/s  ({min(rates[2]):.0f} to {max(rates[2]):.0f})")
    print(f"gain {two / one:.2f}, efficiency {two / one / 2:.2f}\n")


def _accuracy(stages: "_Stages") -> None:
    for stage in ("prepare", "train"):
        stages.run(stage, 1, 2)
    told = stages.run("finish", 1, 2)
    print(f"digits: accuracy {told['evaluation']['value']} on the test split")
    for form in told["forms"]:
        print(f"  {form['form']}: {form['value']}, agrees with the network on {form['agreementPercent']} %")


class _Stages:
    """Runs stages over a folder; a worker has one core, the other stages have all."""

    def __init__(self, folder: Path, parts: dict[str, Any], arrays: dict[str, Any]) -> None:
        self._folder = folder
        self._parts = parts
        for role in ("data", "workspace", "publish"):
            (folder / "volumes" / role).mkdir(parents=True)
        np.savez(folder / "volumes" / "data" / "samples.npz", **arrays)
        (folder / "model").mkdir()
        network = Path(__file__).parents[1] / "examples" / "shapes" / "model.py"
        shutil.copy(network, folder / "model" / "model.py")

    def run(self, stage: str, run: int, workers: int) -> dict[str, Any]:
        """Run a stage to its end and return its result."""
        addresses = ",".join(f"127.0.0.1:{free_port()}" for _ in range(workers))
        crew = range(workers if stage == "train" else 1)
        started = [self._start(stage, run, worker, workers, addresses) for worker in crew]
        codes = [process.wait(LIMIT_SECONDS) for process in started]
        told = json.loads((self._folder / "0" / "termination-log").read_text())
        assert codes == [0] * len(codes), told["message"]
        result: dict[str, Any] = told["result"]
        return result

    def rate(self, run: int) -> float:
        """Return the samples per second between the two checkpoints of a run."""
        run_folder = self._folder / "volumes" / "workspace" / "bench" / "runs" / "uid" / str(run)
        marks = [json.loads(mark.read_text()) for mark in sorted(run_folder.glob("checkpoints/*/DONE"))]
        key = (run_folder / "data").read_text()
        index = run_folder.parents[2] / "data" / key / "index.json"
        samples = sum(shard["samples"] for shard in json.loads(index.read_text())["shards"])
        epochs = self._parts["checkpoint"]["everyEpochs"]
        return float(epochs * samples / (marks[1]["seconds"] - marks[0]["seconds"]))

    def _start(
        self, stage: str, run: int, worker: int, workers: int, addresses: str
    ) -> "subprocess.Popen[bytes]":
        work = self._folder / str(worker)
        work.mkdir(exist_ok=True)
        places = {role: {"uri": f"pvc://{role}/bench"} for role in ("workspace", "publish")}
        spec = {**self._parts, **places, "workers": {"count": workers}}
        document = {
            "training": "bench",
            "namespace": "bench",
            "uid": "uid",
            "run": run,
            "key": "",
            "spec": spec,
        }
        (work / "run.json").write_text(json.dumps(document))
        pinned = ("taskset", "--cpu-list", str(worker % (os.cpu_count() or 1))) if stage == "train" else ()
        command = [
            *(*pinned, sys.executable, "-m", "fogline_trainer", stage, "--run", str(work / "run.json")),
            *("--volumes", str(self._folder / "volumes"), "--model-folder", str(self._folder / "model")),
            *("--work", str(work), "--termination-log", str(work / "termination-log"), "--port", "0"),
        ]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "FOGLINE_WORKER": str(worker),
            "FOGLINE_WORKER_ADDRESSES": addresses,
        }
        return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)  # noqa: S603  our own program


if __name__ == "__main__":
    main()
