"""Names that clusters see: once given, they are a promise."""

import re

import pytest

from fogline import names
from fogline.names import ModelKey, deployment_name

KEYS = sorted(
    value
    for name, value in vars(names).items()
    if isinstance(value, str) and name.endswith(("_LABEL", "_ANNOTATION", "GATE"))
)


@pytest.mark.parametrize("key", KEYS)
def test_every_label_annotation_and_gate_is_a_qualified_name(key: str) -> None:
    prefix, _, name = key.rpartition("/")
    assert re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", name)
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+", prefix)


def test_a_kubelet_cannot_give_itself_a_clearance() -> None:
    prefix, _, _ = names.CLEARANCE_LABEL.partition("/")
    assert prefix.endswith(".node-restriction.kubernetes.io")


def test_a_deployment_is_called_after_model_and_variant() -> None:
    assert deployment_name("digits", "edge") == "digits-edge"


def test_a_model_key_reads_as_kubectl_writes_it() -> None:
    assert str(ModelKey("plant", "digits")) == "plant/digits"
