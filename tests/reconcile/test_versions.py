"""What of a ModelDeployment depends on the version of Kubernetes."""

from typing import Any

import pytest
from tests.support.builders import make_model

from fogline.cluster.version import Version
from fogline.reconcile.versions import not_supported, traffic_distribution

ZONE, NODE = {"trafficDistribution": "PreferSameZone"}, {"trafficDistribution": "PreferSameNode"}


@pytest.mark.parametrize(
    ("service", "minor", "called"),
    [
        ({}, 36, None),
        (ZONE, 31, "PreferClose"),
        (ZONE, 33, "PreferClose"),
        (ZONE, 34, "PreferSameZone"),
        (NODE, 34, "PreferSameNode"),
    ],
)
def test_traffic_distribution_is_said_in_the_words_of_the_cluster(
    service: dict[str, Any], minor: int, called: str | None
) -> None:
    model = make_model(service=service)
    assert not_supported(model, Version(1, minor)) is None
    assert traffic_distribution(model, Version(1, minor)) == called


@pytest.mark.parametrize(
    ("service", "minor", "what", "advice"),
    [
        (ZONE, 30, "PreferSameZone needs Kubernetes 1.31 or newer", "leave "),
        (
            NODE,
            33,
            "PreferSameNode needs Kubernetes 1.34 or newer",
            "use PreferSameZone",
        ),
        (
            {"sites": ["plant-a"]},
            34,
            "service.sites needs Kubernetes 1.35 or newer",
            "use ",
        ),
    ],
)
def test_what_the_cluster_is_too_old_for_is_refused_with_what_to_do(
    service: dict[str, Any], minor: int, what: str, advice: str
) -> None:
    refused = not_supported(make_model(service=service), Version(1, minor))
    assert refused
    assert refused.message.startswith(f"{what}, this cluster has 1.{minor}: {advice}")


def test_everything_that_the_cluster_is_too_old_for_is_told_at_once() -> None:
    refused = not_supported(make_model(service={**NODE, "sites": ["plant-a"]}), Version(1, 33))
    assert refused
    assert refused.message.count("this cluster has 1.33") == 2


def test_a_tier_service_needs_no_newer_version() -> None:
    assert not_supported(make_model(service={"perTier": True}), Version(1, 30)) is None
