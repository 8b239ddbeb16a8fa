"""Rules between the fields of a ModelTraining.

Where the API server tries a rule on the bare default of an object, ``{}``, the rule asks for its fields
first.
"""

import re
from decimal import Decimal
from typing import Any

from fogline.api.enums import DataFormat
from fogline.api.fields import schema_pattern
from fogline.api.modeltraining import ModelTrainingSpec, Workspace
from fogline.api.rule import KEYS_CEL, Rule, are_label_keys, at_most
from fogline.api.training_data import Features, Split, TrainingData
from fogline.api.training_model import (
    Evaluation,
    Fit,
    KerasFile,
    ModelModule,
    TrainingModel,
    TrainingPlacement,
)
from fogline.api.training_output import Parity, Publish
from fogline.api.uri_rules import uri_rules

MOST_KEPT_BACK = 80
"""Percent of the samples that may be kept back from training."""
_ENDING = r"[.](npz|csv|tfrecord)([?].*)?\Z"
_CSV = r"[.]csv([?].*)?\Z"


def format_of(data: TrainingData) -> DataFormat | None:
    """Give the format that is said, else the one by the ending of the name; None when neither tells."""
    if data.format is not None:
        return data.format
    found = re.search(_ENDING, data.uri)
    return next((one for one in DataFormat if found and one.value.lower() == found[1]), None)


def _names_its_field_unless_csv(data: TrainingData) -> bool:
    return (format_of(data) is DataFormat.CSV) is (data.features.field is None)


def _is_one_network(model: TrainingModel) -> bool:
    return sum(one is not None for one in (model.dense, model.keras, model.module)) <= 1


def _module_is_in_image(spec: ModelTrainingSpec) -> bool:
    module = spec.model.module
    return module is None or module.name is None or spec.image is not None


def _forms_are_exported(spec: ModelTrainingSpec) -> bool:
    target = spec.publish.model_deployment
    return target is None or all(one.form in spec.export.forms for one in target.variants)


def _between(text: str, least: str, most: str) -> bool:
    return Decimal(least) < Decimal(text) <= Decimal(most)


def _above_zero(field: str) -> str:
    return f"!has(self.{field}) || quantity(self.{field}).isGreaterThan(quantity('0'))"


TRAINING_RULES: tuple[Rule[Any], ...] = (
    *uri_rules(TrainingData, "https", "s3", "pvc", is_file=True),
    *uri_rules(KerasFile, "https", "s3", "pvc", is_file=True),
    *uri_rules(Workspace, "s3", "pvc"),
    *uri_rules(Publish, "s3", "pvc"),
    Rule(
        on=TrainingData,
        field="format",
        message="is needed: Npz, Csv or TFRecord; the name ends in none of .npz, .csv and .tfrecord",
        cel=f"has(self.format) || self.uri.matches('{schema_pattern(_ENDING)}')",
        holds=lambda data: format_of(data) is not None,
    ),
    Rule(
        on=TrainingData,
        field="features.field",
        message="name the array of an .npz file or the feature of a TFRecord file; of a CSV file leave it "
        "out, all columns but that of the label are taken",
        cel=f"(has(self.format) ? self.format == 'Csv' : self.uri.matches('{schema_pattern(_CSV)}'))\n"
        "  != has(self.features.field)",
        holds=_names_its_field_unless_csv,
    ),
    Rule(
        on=TrainingData,
        field="label.field",
        message="the label must not be the input itself",
        cel="!has(self.features.field) || self.features.field != self.label.field",
        holds=lambda data: data.features.field != data.label.field,
    ),
    Rule(
        on=TrainingData,
        field="label.scores",
        message="input and output of the model must have different names",
        cel="self.features.name != self.label.scores",
        holds=lambda data: data.features.name != data.label.scores,
    ),
    Rule(
        on=Features,
        field="scale",
        message="must be above 0; every value is multiplied by it",
        cel=_above_zero("scale"),
        holds=lambda features: Decimal(features.scale) > 0,
    ),
    Rule(
        on=Split,
        field="testPercent",
        message=f"validationPercent and testPercent together must be at most {MOST_KEPT_BACK}, so that "
        "enough is left to train on",
        cel="!has(self.testPercent) || !has(self.validationPercent) ||\n"
        f"self.testPercent + self.validationPercent <= {MOST_KEPT_BACK}",
        holds=lambda split: split.test_percent + split.validation_percent <= MOST_KEPT_BACK,
    ),
    Rule(
        on=TrainingModel,
        field="dense",
        message="give at most one of dense, keras and module",
        cel="[has(self.dense), has(self.keras), has(self.module)].filter(given, given).size() <= 1",
        holds=_is_one_network,
    ),
    Rule(
        on=ModelModule,
        field="name",
        message="give configMapName, or the name of a module that is in spec.image; not both",
        cel="has(self.name) != has(self.configMapName)",
        holds=lambda module: (module.name is None) is not (module.config_map_name is None),
    ),
    Rule(
        on=ModelModule,
        field="key",
        message="a key belongs to configMapName",
        cel="!has(self.key) || has(self.configMapName)",
        holds=lambda module: module.key is None or module.config_map_name is not None,
    ),
    Rule(
        on=ModelTrainingSpec,
        field="model.module.name",
        message="is a module of an image; say in spec.image which one",
        cel="!has(self.model.module) || !has(self.model.module.name) || has(self.image)",
        holds=_module_is_in_image,
    ),
    Rule(
        on=Fit,
        field="learningRate",
        message="must be above 0 and at most 10",
        cel="!has(self.learningRate) || (quantity(self.learningRate).isGreaterThan(quantity('0')) &&\n"
        "  quantity(self.learningRate).compareTo(quantity('10')) <= 0)",
        holds=lambda fit: _between(fit.learning_rate, "0", "10"),
    ),
    Rule(
        on=ModelTrainingSpec,
        field="fit.batchSize",
        message="must be a multiple of workers.count; it is the batch of all workers together",
        cel="self.fit.batchSize % self.workers.count == 0",
        holds=lambda spec: spec.fit.batch_size % spec.workers.count == 0,
    ),
    Rule(
        on=TrainingPlacement,
        field="nodeSelector",
        message="keys must be keys of labels, such as example.com/disk",
        cel=f"!has(self.nodeSelector) || self.nodeSelector.{KEYS_CEL}",
        holds=lambda placement: are_label_keys(placement.node_selector),
    ),
    Rule(
        on=Evaluation,
        field="minimum",
        message="must be at most 1; a share of 96 % is written 0.96",
        cel=at_most("minimum", "1"),
        holds=lambda evaluation: Decimal(evaluation.minimum) <= 1,
    ),
    Rule(
        on=Parity,
        field="minAgreementPercent",
        message="must be at most 100",
        cel=at_most("minAgreementPercent", "100"),
        holds=lambda parity: Decimal(parity.min_agreement_percent) <= 100,  # noqa: PLR2004  percent
    ),
    Rule(
        on=Parity,
        field="maxMetricLoss",
        message="must be at most 1",
        cel=at_most("maxMetricLoss", "1"),
        holds=lambda parity: Decimal(parity.max_metric_loss) <= 1,
    ),
    Rule(
        on=ModelTrainingSpec,
        field="publish.modelDeployment.variants",
        message="each form must be one of export.forms",
        cel="!has(self.publish.modelDeployment) ||\n"
        "self.publish.modelDeployment.variants.all(v, v.form in self.export.forms)",
        holds=_forms_are_exported,
    ),
    Rule(
        on=Publish,
        field="readerSecretName",
        message="is set in the variants of modelDeployment, and there is none",
        cel="!has(self.readerSecretName) || has(self.modelDeployment)",
        holds=lambda publish: publish.reader_secret_name is None or publish.model_deployment is not None,
    ),
    Rule(
        on=Publish,
        field="readerSecretName",
        message="a pvc:// URI is a volume and needs no readerSecretName",
        cel="!has(self.readerSecretName) || !self.uri.startsWith('pvc://')",
        holds=lambda publish: publish.reader_secret_name is None or not publish.uri.startswith("pvc://"),
    ),
)
"""In the order in which a user should hear of them."""
