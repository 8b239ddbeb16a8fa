"""The hook that runs when the chart is uninstalled: it cannot hang, and its rights last no longer than it."""

import pytest
from tests.support.chart import Document, named, rendered

from fogline import config

HOOK = "helm.sh/hook"
LONGEST_SECONDS = 60
"""What an uninstallation may take."""


def hooks(values: Document | None = None) -> list[Document]:
    return [
        one for one in rendered(values) if one["metadata"].get("annotations", {}).get(HOOK) == "post-delete"
    ]


def test_it_runs_when_the_operator_is_gone_and_ends_in_time_whatever_happens() -> None:
    job = named(hooks(), "Job", "fogline-uninstall")
    assert job["spec"]["activeDeadlineSeconds"] < LONGEST_SECONDS
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


@pytest.mark.parametrize("values", [{}, {"rbac": {"namespaces": ["models"]}}], ids=["all", "some"])
@pytest.mark.parametrize("models", ["Keep", "Remove"])
def test_nothing_of_it_is_there_before_or_stays_afterwards(values: Document, models: str) -> None:
    found = hooks({**values, "uninstall": {"models": models}})
    assert {one["kind"] for one in found} >= {"Job", "ServiceAccount", "Role", "RoleBinding"}
    for one in found:
        policy = one["metadata"]["annotations"]["helm.sh/hook-delete-policy"]
        assert set(policy.split(",")) == {"before-hook-creation", "hook-succeeded", "hook-failed"}
    everything = rendered({**values, "uninstall": {"models": models}})
    assert [one for one in everything if one["metadata"]["name"].startswith("fogline-uninstall")] == found


@pytest.mark.parametrize("models", list(config.ModelsAfterwards))
def test_it_does_what_the_value_says_and_has_rights_for_nothing_else(models: config.ModelsAfterwards) -> None:
    values = {"uninstall": {"models": models.value}, "rbac": {"namespaces": ["models", "shop"]}}
    job = named(hooks(values), "Job", "fogline-uninstall")
    environment = {
        one["name"]: one["value"] for one in job["spec"]["template"]["spec"]["containers"][0]["env"]
    }
    settings = config.uninstall_from_environment(environment)
    assert (settings.models_afterwards, settings.namespaces) == (models, ("models", "shop"))
    assert settings.limit_seconds < job["spec"]["activeDeadlineSeconds"]
    verbs = {
        (resource, verb)
        for one in hooks(values)
        for rule in one.get("rules", ())
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    may_delete = {resource for resource, verb in verbs if verb == "delete"} - {"leases"}
    keep = models is config.ModelsAfterwards.KEEP
    assert may_delete == ({"replicasets"} if keep else {"modeldeployments", "modeltrainings", "nodeprofiles"})
