"""The last stage: evaluate, export, compare each form with the network, publish."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import BadZipFile

import keras  # type: ignore[import-untyped]  # it ships no types
import numpy as np
from numpy.typing import NDArray

from fogline_trainer import forms, publishing, warmup, workspace
from fogline_trainer.errors import InterruptedStageError, Reason, RefusedError
from fogline_trainer.index import Index
from fogline_trainer.layout import FORMS
from fogline_trainer.network import build, builder, restore, scores
from fogline_trainer.publishing import Exported
from fogline_trainer.run_document import RunDocument, Spec
from fogline_trainer.samples import Samples
from fogline_trainer.scoring import accuracy, agreement_percent, check_gate, check_parity
from fogline_trainer.stores.opening import open_store
from fogline_trainer.stores.store import Store
from fogline_trainer.train import FINAL
from fogline_trainer.workspace import Stage


def finish(stage: Stage) -> dict[str, Any]:
    """Publish the trained network if it passes its gates; return what the status is to tell.

    Raises
    ------
    StageError
        GateRefused, ParityRefused, ExportFailed, or an error of the network or of a store.
    """
    document, spec = stage.document, stage.document.spec
    with (
        open_store("publish", spec.publish.uri, stage.mounts) as target,
        open_store("workspace", spec.workspace.uri, stage.mounts) as store,
    ):
        published = publishing.find(target, document)
        if published is None:
            with TemporaryDirectory(dir=stage.work) as folder:
                evaluation, exported = _export(stage, store, Path(folder))
                published = publishing.publish(target, document, exported, evaluation)
        _tidy(store, document)
    version = {"version": published["version"], "uri": published["uri"]}
    return {"evaluation": published["evaluation"], "forms": published["forms"], "published": version}


def _export(stage: Stage, store: Store, folder: Path) -> tuple[dict[str, Any], list[Exported]]:
    """Evaluate the network, and write all forms that are asked for, each compared with it."""
    spec = stage.document.spec
    network = _trained(stage, store)
    data, index = workspace.prepared(store, stage.document)
    if index.test is None:
        raise RefusedError(
            Reason.TOO_FEW_SAMPLES,
            "without a test split nothing can be published: set data.split.testPercent",
        )
    test = workspace.load(store, data, index.test)
    features = test.scaled(spec.data.features.scale)
    expected = scores(network, features)
    value = accuracy(expected, test.labels)
    check_gate(value, spec.evaluation)
    calibration = _calibration(store, data, index, spec)
    saved_model = folder / "exported"
    forms.write_saved_model(network, spec, saved_model)
    exported = []
    for name in spec.export.forms:
        form = FORMS[name]
        target = saved_model if form.is_saved_model else folder / form.folder
        if not form.is_saved_model:
            forms.write_tflite(form, saved_model, calibration, target)
        answers = forms.run(form, target, spec, features)
        check_parity(name, answers, expected, test.labels, spec.export.parity)
        exported.append(Exported(form, target, _measured(answers, expected, test)))
    # At the end, because every form is made from the first.
    for one in exported:
        warmup.write(one.folder, spec.data.features, calibration)
    evaluation = {
        "metric": spec.evaluation.metric,
        "value": f"{value:.4f}",
        "minimum": spec.evaluation.minimum,
    }
    return evaluation, exported


def _trained(stage: Stage, store: Store) -> keras.Model:
    content = store.read(f"{stage.document.folder}/{FINAL}")
    if content is None:
        raise InterruptedStageError(
            Reason.FAILED, "the workspace has no trained network of this run: run the training again"
        )
    network = build(builder(stage), stage.document.spec)
    try:
        restore(network, content)
    except (ValueError, OSError, KeyError, BadZipFile):
        raise RefusedError(
            Reason.MODEL_MISMATCH,
            "the trained network in the workspace is damaged, or its module was changed: run the training "
            "again",
        ) from None
    return network


def _calibration(store: Store, data: str, index: Index, spec: Spec) -> NDArray[np.float32]:
    """Draw training samples by the seed, from as few shards as hold enough; each shard has all classes."""
    wanted = spec.export.calibration_samples
    parts: list[NDArray[np.float32]] = []
    for file in index.shards:
        parts.append(workspace.load(store, data, file).scaled(spec.data.features.scale))
        if sum(map(len, parts)) >= wanted:
            break
    samples = np.concatenate(parts)
    drawn = np.random.default_rng(spec.fit.seed).permutation(len(samples))[:wanted]
    return np.ascontiguousarray(samples[drawn])


def _measured(answers: NDArray[Any], expected: NDArray[Any], test: Samples) -> dict[str, str]:
    return {
        "value": f"{accuracy(answers, test.labels):.4f}",
        "agreementPercent": f"{agreement_percent(expected, answers):.2f}",
        "maxDifference": f"{np.abs(answers - expected).max():.6f}",
    }


def _tidy(store: Store, document: RunDocument) -> None:
    """Remove the checkpoints of this run, and what runs left that are told of no more."""
    store.remove(f"{document.folder}/checkpoints")
    runs = f"runs/{document.uid}"
    for name in store.names(runs):
        if name.isdecimal() and int(name) <= document.run - document.spec.history_limit:
            store.remove(f"{runs}/{name}")
