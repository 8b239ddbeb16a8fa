"""What is wrong with a manifest is told with the field that is at fault; the API server says the same."""

from collections.abc import Callable, Mapping

import pytest
from tests.support.crd_cases import KINDS, BadInput, bad_inputs, smallest_manifest, valid_manifests

from fogline.api import (
    ModelDeployment,
    ModelTraining,
    NodeProfile,
    parse,
    parse_model_training,
    parse_node_profile,
)
from fogline.errors import BadInputError

BAD_INPUTS = bad_inputs()
PARSE: Mapping[str, Callable[..., ModelDeployment | NodeProfile | ModelTraining]] = {
    "ModelDeployment": parse,
    "NodeProfile": parse_node_profile,
    "ModelTraining": parse_model_training,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_manifest_with_every_field_and_one_with_none_are_accepted(kind: str) -> None:
    for manifest in (*valid_manifests(kind), smallest_manifest(kind)):
        assert PARSE[kind](manifest, strict=True).metadata.name == manifest["metadata"]["name"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_is_long_and_no_name_stands_in_it_twice(kind: str) -> None:
    names = [bad.name for bad in BAD_INPUTS if bad.kind == kind]
    assert len(set(names)) == len(names) >= 40


@pytest.mark.parametrize("bad", BAD_INPUTS, ids=str)
def test_bad_input_is_refused_and_its_field_is_named(bad: BadInput) -> None:
    with pytest.raises(BadInputError) as caught:
        PARSE[bad.kind](bad.manifest, strict=True)
    assert caught.value.field == bad.field
