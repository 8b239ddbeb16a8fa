"""The CustomResourceDefinitions in the chart: those of the repository, kept when the chart goes."""

import pytest
from dev import libyaml
from dev.paths import ROOT
from tests.support.chart import Document, RefusedValuesError, rendered


def definitions(values: Document | None = None) -> dict[str, Document]:
    return {
        one["metadata"]["name"]: one for one in rendered(values) if one["kind"] == "CustomResourceDefinition"
    }


def test_they_are_those_of_the_repository() -> None:
    repository = [libyaml.load(path.read_text()) for path in sorted((ROOT / "crds").glob("*.yaml"))]
    found = definitions()
    assert len(found) == len(repository)
    for one in repository:
        assert found[one["metadata"]["name"]]["spec"] == one["spec"]


def test_they_stay_when_the_chart_is_uninstalled_unless_a_value_says_otherwise() -> None:
    for one in definitions().values():
        assert one["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    for one in definitions({"crds": {"keep": False}, "uninstall": {"models": "Remove"}}).values():
        assert "annotations" not in one["metadata"]


def test_a_chart_that_would_take_the_models_along_by_mistake_is_refused() -> None:
    with pytest.raises(RefusedValuesError, match=r"set uninstall\.models=Remove too"):
        rendered({"crds": {"keep": False}})


def test_a_value_leaves_them_out() -> None:
    assert definitions({"crds": {"enabled": False}}) == {}
