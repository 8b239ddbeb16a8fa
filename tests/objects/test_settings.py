"""Which settings change the pods of models, so that to change them replaces pods."""

from dataclasses import fields, replace
from typing import Any

from dev.paths import ROOT
from tests.support.builders import make_model, make_variant
from tests.support.live import stored

from fogline.config import Settings
from fogline.objects import deployment

VALUES = {
    "tensorflow_serving_image": "`images.tensorflowServing`",
    "tensorflow_serving_arm64_image": "`images.tensorflowServingArm64`",
    "litert_image": "`images.litert`",
    "fetcher_image": "`images.modelFetcher`",
    "artifact_gibibytes": "`operator.settings.artifactGibibytes`",
    "edge_fetch_megabits": "`operator.settings.edgeFetchMegabits`",
    "region_label": "`operator.settings.regionLabel`",
    "accelerator_label": "`operator.settings.acceleratorLabel`",
}
"""Those that do, by what they are called in the chart."""


def templates(settings: Settings) -> list[Any]:
    """Build the pods of a model that uses every setting there is."""
    variants = [
        make_variant("cloud", "Cloud", acceleratorTypes=["A100"]),
        make_variant("arm", "Cloud", architectures=["arm64"]),
        make_variant("edge", "Edge"),
    ]
    model = stored(make_model(variants=variants, placement={"allowedRegions": ["eu-west"]}))
    return [deployment(model, one, 1, settings)["spec"]["template"] for one in model.spec.variants]


def other(value: Any) -> Any:
    match value:
        case str():
            return "example.com/other"
        case tuple():
            return (*value, *value)
        case _:
            return (value or 0) + 1


def test_these_settings_and_no_others_change_pods_of_models_and_the_documentation_names_them() -> None:
    default = Settings()
    changing = {
        field.name
        for field in fields(Settings)
        if templates(replace(default, **{field.name: other(getattr(default, field.name))}))
        != templates(default)
    }
    assert changing == VALUES.keys()
    page = (ROOT / "docs" / "upgrade.md").read_text()
    assert [value for value in VALUES.values() if value not in page] == []
