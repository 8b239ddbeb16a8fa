"""The operator writes run documents, and the trainer reads them."""

import json
from typing import Any, get_args

import pytest
from tests.support.crd_cases import valid_manifests
from tests.support.trainings import make_training

from fogline.api.enums import DataFormat, DataSensitivity, ModelForm, Optimizer
from fogline.guidance import TRAINING_FAULTS
from fogline.objects import run_document
from fogline_trainer.errors import Reason
from fogline_trainer.layout import FORMS
from fogline_trainer.run_document import Format as DataFormatOfTrainer
from fogline_trainer.run_document import FormName as ModelFormOfTrainer
from fogline_trainer.run_document import Level, RunDocument, parse

VALID = valid_manifests("ModelTraining")


def read(**spec: Any) -> RunDocument:
    return parse(json.dumps(run_document(make_training(**spec), 3)).encode())


@pytest.mark.parametrize("number", range(len(VALID)))
def test_the_trainer_reads_the_document_of_every_valid_training(number: int) -> None:
    spec = VALID[number]["spec"]
    run = read(**spec)
    assert run.run == 3
    assert run.spec.data.uri == spec["data"]["uri"]
    assert run.spec.workers.count == spec.get("workers", {}).get("count", 1)


def test_the_words_of_the_resource_are_those_of_the_trainer() -> None:
    words = {
        ModelForm: ModelFormOfTrainer,
        DataFormat: DataFormatOfTrainer,
        DataSensitivity: Level,
    }
    for enum, literal in words.items():
        assert {str(one.value) for one in enum} == set(get_args(literal))
    assert set(FORMS) == set(get_args(ModelFormOfTrainer))


def test_every_reason_of_the_trainer_is_one_that_the_operator_explains() -> None:
    assert {*Reason} - {Reason.DONE, Reason.FAILED} == {fault.value for fault in TRAINING_FAULTS}


@pytest.mark.parametrize("optimizer", Optimizer)
def test_every_optimiser_of_the_resource_is_one_of_the_trainer(optimizer: Optimizer) -> None:
    assert read(fit={"optimizer": optimizer.value}).spec.fit.optimizer == optimizer
