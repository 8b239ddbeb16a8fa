"""The last stage: gates, forms, and one version of real digits that every runtime reads right."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from examples.digits.data import BRIGHTEST, load
from tests.support.trainer import Pods, parsed
from tests.support.trainings import make_training

from fogline.training import read_answer
from fogline.training.answers import read_finished
from fogline_model_server.messages import PredictionLog
from fogline_model_server.tfrecord import records
from fogline_trainer.answer import encode
from fogline_trainer.errors import Reason, RefusedError
from fogline_trainer.layout import FORMS
from fogline_trainer.prepare import prepare
from fogline_trainer.progress import Progress, ProgressServer
from fogline_trainer.run_document import RunDocument

# TensorFlow 2.21 does not know the keyword that NumPy 2 passes.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

DATA = {
    "uri": "pvc://data/samples.npz",
    "features": {"name": "pixels", "shape": [64], "scale": "0.0625"},
    "label": {"field": "labels", "classes": 10},
}
MINIMUM = "0.96"


def digits(**parts: Any) -> RunDocument:
    return parsed(
        **{
            "data": DATA,
            "evaluation": {"minimum": MINIMUM},
            "export": {"forms": list(FORMS)},
            "fit": {"epochs": 40, "learningRate": "0.002"},
            **parts,
        }
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of pods that have trained the digits, unpublished."""
    from fogline_trainer.train import train

    pods = Pods(tmp_path_factory.mktemp("digits"))
    splits = load()
    pods.write_npz(
        pixels=(np.concatenate([split.pixels for split in splits]) * BRIGHTEST).astype(np.uint8),
        labels=np.concatenate([split.labels for split in splits]),
    )
    prepare(pods.stage(digits()))
    with ProgressServer(Progress("train"), 0) as told:
        train(pods.stage(digits()), told, {})
        told.shutdown()
    return pods.folder


@pytest.fixture
def finished(trained: Path, tmp_path: Path) -> Pods:
    """Return pods of their own, ready to finish."""
    shutil.copytree(trained, tmp_path / "pods")
    return Pods(tmp_path / "pods")


def finish(pods: Pods, run: RunDocument) -> dict[str, Any]:
    from fogline_trainer.finish import finish as stage

    return stage(pods.stage(run))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_form_of_the_digits_names_96_percent_and_is_published_once(finished: Pods) -> None:
    run = digits()
    told = finish(finished, run)
    publishes = {"uri": run.spec.publish.uri}
    training = make_training(publish=publishes, export={"forms": list(FORMS)})
    assert read_finished(read_answer(encode(Reason.DONE, "", told).decode()), training), (
        "the operator understands it"
    )
    assert float(told["evaluation"]["value"]) >= float(MINIMUM)
    assert {form["form"]: float(form["value"]) >= float(MINIMUM) for form in told["forms"]} == dict.fromkeys(
        FORMS, True
    )
    assert all(float(form["agreementPercent"]) >= 99 for form in told["forms"])
    published = finished.claim("publish") / "samples"
    for form in FORMS.values():
        folder = published / form.folder / "1"
        assert (folder / form.main_file).is_file()
        with (folder / "assets.extra/tf_serving_warmup_requests").open("rb") as stream:
            requests = [
                PredictionLog.FromString(record).predict_log.request for record in records(stream, 2**20)
            ]
        assert [request.inputs["pixels"].tensor_shape.dim[0].size for request in requests] == [1, 1, 8, 32]
    before = files(published)
    assert finish(finished, digits()) == told
    assert files(published) == before


def refused(pods: Pods, run: RunDocument) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        finish(pods, run)
    assert not files(pods.claim("publish"))
    return caught.value


def test_a_network_that_is_not_good_enough_is_not_published(finished: Pods) -> None:
    error = refused(finished, digits(evaluation={"minimum": "0.9999"}))
    assert error.reason is Reason.GATE_REFUSED
    assert "at least 0.9999 is asked for" in error.message


def test_a_form_of_another_network_is_never_published(
    finished: Pods, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fogline_trainer import forms
    from fogline_trainer.network import build, builder

    write = forms.write_tflite

    def write_another(form: Any, _saved_model: Path, samples: Any, folder: Path) -> None:
        run = digits(fit={"seed": 8})
        other = folder.with_name("other")
        forms.write_saved_model(build(builder(finished.stage(run)), run.spec), run.spec, other)
        write(form, other, samples, folder)

    monkeypatch.setattr(forms, "write_tflite", write_another)
    error = refused(finished, digits(export={"forms": ["SavedModel", "TFLiteFloat32"]}))
    assert error.reason is Reason.PARITY_REFUSED
    assert "the form TFLiteFloat32 names the class of the network for" in error.message


def test_a_trained_network_that_was_damaged_is_not_published(finished: Pods) -> None:
    (network,) = finished.claim("workspace").rglob("final.keras")
    network.write_bytes(network.read_bytes()[:-100])
    assert refused(finished, digits()).reason is Reason.MODEL_MISMATCH


def test_older_runs_and_the_checkpoints_are_removed_from_the_workspace(finished: Pods) -> None:
    runs = finished.claim("workspace") / "samples" / "runs" / "uid-1"
    for number in (2, 3):
        shutil.copytree(runs / "1", runs / str(number))
    run = parsed(run=3, **{**as_parts(digits()), "historyLimit": 2})
    finish(finished, run)
    assert {path.name for path in runs.iterdir()} == {"2", "3"}
    assert not (runs / "3" / "checkpoints").exists()


def as_parts(run: RunDocument) -> dict[str, Any]:
    return {"data": DATA, "fit": {"epochs": run.spec.fit.epochs}, "export": {"forms": ["SavedModel"]}}
