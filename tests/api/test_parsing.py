"""Documents become values, and values documents."""

import copy
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.crd_cases import changed, full_manifest, smallest_manifest

from fogline.api import (
    DataSensitivity,
    Disruption,
    OnNoFit,
    Placement,
    Rebalancing,
    Runtime,
    Tier,
    TierBounds,
    parse,
)
from fogline.api.fields import DECIMAL, QUANTITY
from fogline.api.rules import RULES
from fogline.errors import BadInputError
from fogline.units import parse_quantity, parse_usd

SMALLEST = smallest_manifest()


def test_the_smallest_manifest_gets_all_defaults() -> None:
    spec = parse(SMALLEST).spec
    assert (spec.replicas, spec.suspend, spec.model) == (1, False, None)
    assert spec.placement == Placement(
        data_sensitivity=DataSensitivity.PUBLIC,
        node_selector={},
        cloud=TierBounds(min_replicas=0),
        edge=TierBounds(min_replicas=0),
        priority=0,
        on_no_fit=OnNoFit.SCHEDULE_WITHOUT_PIN,
    )
    assert spec.rebalancing == Rebalancing(
        min_saving_percent=15, cooldown_seconds=600, ready_timeout_seconds=600
    )
    assert spec.disruption == Disruption(max_unavailable=0, replace_after_seconds=300)


def test_every_field_of_a_manifest_arrives_under_its_name() -> None:
    model = parse(full_manifest(), strict=True)
    assert model.spec.variants[0].runtime is Runtime.TENSORFLOW_SERVING
    assert model.spec.variants[0].resources is not None
    assert model.spec.variants[0].resources.requests == {"cpu": 1, "memory": "1Gi"}
    assert model.spec.variants[1].tier is Tier.EDGE
    assert model.spec.placement.allowed_regions == ("eu-west", "eu-central")
    assert model.spec.placement.latency_penalty_per_millisecond == "0.002"
    assert model.spec.disruption.max_unavailable == "25%"


def test_a_value_survives_the_way_to_a_document_and_back() -> None:
    model = parse(full_manifest())
    assert parse(msgspec.to_builtins(model), strict=True) == model


def test_a_document_made_from_a_value_leaves_out_what_is_default() -> None:
    written = msgspec.to_builtins(parse(SMALLEST))
    assert written["spec"].keys() == {"variants"}


def test_a_null_stands_for_an_absent_field() -> None:
    nulls = {"spec.replicas": None, "spec.placement": None, "spec.model": None}
    assert parse(changed(SMALLEST, nulls, [])) == parse(SMALLEST)


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert parse(changed(SMALLEST, {"spec.replicas": 3.0}, [])).spec.replicas == 3


def test_an_unknown_field_is_an_error_only_when_strict() -> None:
    newer = changed(SMALLEST, {"spec.fromTheFuture": 1, "metadata.finalizers": ["example.com/keep"]}, [])
    assert parse(newer) == parse(SMALLEST)
    with pytest.raises(BadInputError, match=r"spec\.fromTheFuture"):
        parse(newer, strict=True)


def test_an_unknown_token_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BadInputError, match=re.escape("'Fog' is unknown; choose from Cloud, Edge")):
        parse(changed(SMALLEST, {"spec.variants[0].tier": "Fog"}, []))


@pytest.mark.parametrize("document", [None, [], "digits", 3])
def test_what_is_no_object_is_refused(document: object) -> None:
    with pytest.raises(BadInputError, match="Expected `object`"):
        parse(document)


def test_an_object_of_another_kind_is_refused() -> None:
    with pytest.raises(BadInputError, match="choose from ModelDeployment") as caught:
        parse(SMALLEST | {"kind": "Deployment"})
    assert caught.value.field == "kind"


def test_parsing_leaves_the_document_alone() -> None:
    document = full_manifest()
    before = copy.deepcopy(document)
    parse(document)
    assert document == before


def test_values_cannot_be_changed() -> None:
    model: Any = parse(SMALLEST)
    with pytest.raises(AttributeError, match="immutable"):
        model.spec.replicas = 5


def test_the_model_is_served_under_its_own_name_unless_the_spec_names_another() -> None:
    assert parse(SMALLEST).model_name == "digits"
    assert parse(full_manifest()).model_name == "mnist_digits"


def test_data_sensitivities_are_ordered() -> None:
    names = ["Public", "Internal", "Confidential", "Restricted"]
    assert [str(level) for level in sorted(map(DataSensitivity, sorted(names)))] == names
    assert [DataSensitivity(name).rank for name in names] == [0, 1, 2, 3]
    assert DataSensitivity.RESTRICTED >= DataSensitivity.CONFIDENTIAL > DataSensitivity.PUBLIC
    assert DataSensitivity.INTERNAL >= DataSensitivity.INTERNAL


@given(st.from_regex(QUANTITY))
def test_every_quantity_of_the_schema_can_be_read(text: str) -> None:
    assert parse_quantity(text) >= 0


@given(st.from_regex(DECIMAL))
def test_every_amount_of_money_of_the_schema_can_be_read(text: str) -> None:
    assert parse_usd(text) >= 0


def test_a_pattern_is_shown_as_kubectl_shows_it() -> None:
    with pytest.raises(BadInputError, match=re.escape("matching regex '^[0-9a-f]{64}$'")):
        parse(changed(SMALLEST, {"spec.variants[0].artifact.sha256": "0123"}, []))


def test_only_rules_about_a_change_have_no_twin_in_python() -> None:
    for rule in RULES:
        assert (rule.holds is None) == ("oldSelf" in rule.cel), rule.message


def test_a_list_of_the_status_may_be_absent() -> None:
    model = parse(SMALLEST | {"status": {"replicas": 1}})
    assert model.status is not None
    assert (model.status.replicas, model.status.placements, model.status.conditions) == (1, (), ())
