"""Training: two workers compute what one computes, also when one of them is killed on the way."""

import io
import json
import signal
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import obstore
import pytest
from dev.ports import free_port
from obstore.store import S3Store
from tests.support.s3_server import S3Server, run_s3_server
from tests.support.trainer import CLASSES, SHAPE, Pods, document, random_samples
from tests.support.wait import wait_for

from fogline_trainer.errors import Reason, RefusedError
from fogline_trainer.prepare import prepare
from fogline_trainer.progress import Progress, ProgressServer, metrics
from fogline_trainer.run_document import RunDocument, parse

# TensorFlow 2.21 does not know the keyword that NumPy 2 passes.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

EPOCHS = 120
FIT = {"epochs": EPOCHS, "batchSize": 50, "learningRate": "0.01"}
CHECKPOINTS = "runs/uid-1/{run}/checkpoints"


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with run_s3_server(tmp_path_factory.mktemp("s3")) as server:
        server.make_bucket("training")
        yield server


def in_s3(run: int, workers: int, **parts: Any) -> dict[str, Any]:
    return document(
        run=run,
        workspace={"uri": "s3://training/samples"},
        fit=FIT,
        workers={"count": workers},
        checkpoint={"everyEpochs": 10},
        **parts,
    )


def as_document(run: dict[str, Any]) -> RunDocument:
    return parse(json.dumps(run).encode())


def train_here(pods: Pods, run: RunDocument) -> dict[str, Any]:
    from fogline_trainer.train import train

    with ProgressServer(Progress("train"), 0) as told:
        return train(pods.stage(run), told, {})


def weights(store: S3Store, run: int) -> list[np.ndarray[Any, Any]]:
    newest = f"samples/{CHECKPOINTS.format(run=run)}/{EPOCHS}/state.npz"
    with np.load(io.BytesIO(obstore.get(store, newest).bytes().to_bytes())) as arrays:
        return [arrays[name] for name in arrays.files]


def is_there(store: S3Store, name: str) -> bool:
    try:
        obstore.head(store, name)
    except FileNotFoundError:
        return False
    return True


@pytest.mark.timeout(1500)  # five processes import TensorFlow, which takes long on a busy machine
async def test_two_workers_of_which_one_was_killed_compute_what_one_computes(
    pods: Pods, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOGLINE_FETCHER_ALLOW_ADDRESS", "127.0.0.0/8")
    pods.secret("workspace", s3.environment())
    pods.write(random_samples(per_class=60))
    one, two = in_s3(1, workers=1), in_s3(2, workers=2)
    for run in (one, two):
        prepare(pods.stage(as_document(run)))
    addresses = ",".join(f"127.0.0.1:{free_port()}" for _ in range(2))
    environment = {
        "FOGLINE_WORKER_ADDRESSES": addresses,
        "FOGLINE_FETCHER_ALLOW_ADDRESS": "127.0.0.0/8",
    }
    store = s3.bucket("training")
    started = [pods.start("train", two, worker, environment) for worker in range(2)]
    first = f"samples/{CHECKPOINTS.format(run=2)}/10/DONE"
    await wait_for(
        lambda: is_there(store, first) or started[0].process.poll() is not None, "a checkpoint", 600
    )
    started[1].process.send_signal(signal.SIGKILL)
    left = started[0].end()
    assert (left.exit_code, left.reason) == (1, Reason.FAILED), left.message
    assert "another worker ended" in left.message
    started[1].process.wait(10)
    assert not is_there(store, f"samples/{CHECKPOINTS.format(run=2)}/{EPOCHS}/DONE")

    again = [pods.start("train", two, worker, environment) for worker in range(2)]
    alone = train_here(pods, as_document(one))
    answers = [pod.end() for pod in again]
    assert [answer.exit_code for answer in answers] == [0, 0], answers
    told = answers[0].result
    assert (told["epochs"], told["steps"]) == (alone["epochs"], alone["steps"]) == (EPOCHS, 3 * EPOCHS)
    assert told["loss"] == pytest.approx(alone["loss"], rel=1e-3)
    assert told["metric"] == alone["metric"]
    for mine, theirs in zip(weights(store, 2), weights(store, 1), strict=True):
        assert np.allclose(mine, theirs, rtol=1e-3, atol=1e-4)
    assert is_there(store, "samples/runs/uid-1/2/final.keras")
    kept = obstore.list_with_delimiter(store, f"samples/{CHECKPOINTS.format(run=2)}/")["common_prefixes"]
    assert len(kept) == 2


def small(pods: Pods, **parts: Any) -> RunDocument:
    pods.write(random_samples())
    run = as_document(document(**{"fit": {"epochs": 2}, **parts}))
    prepare(pods.stage(run))
    return run


def test_a_loss_that_is_no_number_ends_the_training(pods: Pods) -> None:
    run = small(pods, fit={"epochs": 3, "learningRate": "1e30", "optimizer": "SGD"})
    with pytest.raises(RefusedError, match=r"lower fit\.learningRate") as refused:
        train_here(pods, run)
    assert refused.value.reason is Reason.LOSS_NOT_FINITE


def test_a_training_that_ended_goes_on_from_its_last_checkpoint(pods: Pods) -> None:
    run = small(pods, checkpoint={"everyEpochs": 1})
    first = train_here(pods, run)
    (network,) = pods.claim("workspace").rglob("final.keras")
    network.unlink()
    again = train_here(pods, run)
    for measured in ("seconds", "samplesPerSecond"):
        del first[measured], again[measured]
    assert again == first
    assert network.exists()


def test_a_checkpoint_without_its_mark_does_not_count(pods: Pods) -> None:
    from fogline_trainer.checkpoints import Checkpoints, State
    from fogline_trainer.stores.folder import FolderStore

    store = FolderStore("pvc://training", pods.claim("workspace"))
    checkpoints = Checkpoints(store, "checkpoints")
    for epoch in (1, 2, 3):
        checkpoints.save(State(epoch, epoch, 1.0, 0.5, (np.arange(epoch),)))
    assert store.names("checkpoints") == {"2", "3"}
    assert checkpoints.newest() == 3
    folder = pods.claim("workspace") / "checkpoints"
    (folder / "3" / "DONE").unlink()
    assert checkpoints.newest() == 2
    (folder / "2" / "state.npz").write_bytes(b"cut off")
    assert checkpoints.newest() == 0


def test_progress_is_json_and_metrics_and_nothing_else() -> None:
    with ProgressServer(Progress("train", worker=1, epochs=40), 0) as told:
        told.say(epoch=3, loss=0.25)
        progress, told_metrics, other = (ask(told, path) for path in ("/progress", "/metrics", "/other"))
        told.shutdown()
    assert json.loads(progress[1]) == {
        "stage": "train",
        "worker": 1,
        "epoch": 3,
        "epochs": 40,
        "samplesPerSecond": 0.0,
        "loss": 0.25,
        "metric": None,
        "restarts": 0,
    }
    assert 'fogline_training_loss{stage="train",worker="1"} 0.25' in told_metrics[1]
    assert other[0] == 404


def ask(told: ProgressServer, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", told.server_port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_values_that_are_not_known_yet_are_no_metrics() -> None:
    assert "loss" not in metrics(Progress("train"))


def test_a_worker_that_the_others_do_not_know_is_refused() -> None:
    from fogline_trainer import cluster

    with pytest.raises(RefusedError, match="the resource has 2 workers"):
        cluster.parse({"FOGLINE_WORKER": "2", "FOGLINE_WORKER_ADDRESSES": "a:1,b:1"}, 2)


def test_the_work_folder_counts_the_starts(pods: Pods, tmp_path: Path) -> None:
    run = document(data={**document()["spec"]["data"], "uri": "pvc://data/none.npz"})
    ends = [pods.start("prepare", run).end() for _ in range(2)]
    assert [(end.exit_code, end.reason) for end in ends] == [(2, Reason.DATA_UNREACHABLE)] * 2
    assert (tmp_path / "prepare-0" / "starts").read_text() == "||"


LAYERS_WITH_A_STATE = f"""
import keras
def build_model():
    return keras.Sequential([
        keras.Input({SHAPE}),
        keras.layers.Dense(8, kernel_regularizer="l2"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.2),
        keras.layers.Dense({CLASSES}, activation="softmax"),
    ])
"""


def test_layers_that_keep_a_state_or_draw_numbers_are_trained_too(pods: Pods) -> None:
    (pods.folder / "model").mkdir()
    (pods.folder / "model" / "model.py").write_text(LAYERS_WITH_A_STATE)
    run = small(
        pods,
        model={"module": {"configMapName": "model", "key": "model.py"}},
        fit={"epochs": 30, "learningRate": "0.01"},
    )
    assert train_here(pods, run)["loss"] < 0.8
