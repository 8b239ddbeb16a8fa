"""What Prometheus sees of figures: nobody is named unless a setting says how many."""

from typing import Any

from tests.collector.test_schema import NOBODY

from fogline.collector.answer import Agreement, Answered, Figures, Latency, Pods, Revision, RoundTrip, Use
from fogline.collector.metrics import CollectorMetrics


def figures(requests: float = 60, cpu: float | None = 0.25) -> Figures:
    return Figures(
        replicas=1,
        seconds=60,
        requests=requests,
        failed=0,
        throughput_per_second=requests / 60,
        error_rate=0.0,
        latency_milliseconds=Latency(mean=3, p50=2, p90=5, p99=8),
        cpu=Use(of_requested=cpu, of_allocatable=cpu),
        memory=Use(),
    )


def revision(model: str, name: str, agreement: Agreement | None = None) -> Revision:
    return Revision(
        namespace="shop",
        model=model,
        variant="cloud",
        revision=name,
        version="2",
        tier="Cloud",
        figures=figures(),
        clients=NOBODY,
        agreement=agreement,
    )


ANSWERED = Answered(
    time="2030-01-01T00:00:00Z",
    window_seconds=300,
    covered_seconds=120,
    pods=Pods(known=3, answering=2, left_out=1, troubles=()),
    total=figures(),
    tiers={"Cloud": figures()},
    sites={"plant-a": figures(600), "plant-b": figures(60)},
    nodes={"n1": figures(600), "n2": figures(60, cpu=None)},
    models={"shop/digits": figures(600), "shop/shapes": figures(60)},
    revisions=(revision("digits", "a", Agreement(samples=4, alike=3)), revision("shapes", "b")),
    round_trips=(
        RoundTrip(client_site="office", site="plant-a", milliseconds=12.5, written_milliseconds=20),
        RoundTrip(client_site="office", site="plant-b", milliseconds=None, written_milliseconds=40),
    ),
)


def series(late_seconds: float = 0, **most: Any) -> dict[str, float]:
    """Give what is written, by name with labels."""
    made = CollectorMetrics(lambda: ANSWERED, lambda _: None, lambda: late_seconds, **most)
    lines = made.instruments.page()[0].decode().splitlines()
    found = (line.rsplit(" ", 1) for line in lines if line.startswith("fogline_collector_"))
    return {name.removeprefix("fogline_collector_"): float(value) for name, value in found}


def test_nobody_is_named_unless_a_setting_says_how_many() -> None:
    text = "\n".join(series())
    assert not [name for name in ("plant", "office", "n1", "shop", "digits") if name in text]


def test_sites_and_nodes_with_the_most_requests_are_named() -> None:
    found = series(most_nodes=1)
    assert found['site_requests_per_second{site="plant-a"}'] == 10
    assert found['site_latency_seconds{quantile="0.99",site="plant-a"}'] == 0.008
    assert found['node_cpu_utilisation_ratio{node="n1"}'] == 0.25
    assert not [name for name in found if "plant-b" in name or "n2" in name]


def test_what_a_server_does_not_say_has_no_series() -> None:
    found = series(most_nodes=2)
    assert 'node_cpu_utilisation_ratio{node="n2"}' not in found
    assert not [name for name in found if name.startswith("node_memory")]


def test_round_trips_are_told_as_measured_and_as_written() -> None:
    found = series(most_nodes=2)
    near, far = 'client_site="office",site="plant-a"', 'client_site="office",site="plant-b"'
    assert found[f"round_trip_seconds{{{near}}}"] == 0.0125
    assert found[f"round_trip_written_seconds{{{near}}}"] == 0.02
    assert f"round_trip_seconds{{{far}}}" not in found
    assert found[f"round_trip_written_seconds{{{far}}}"] == 0.04
    assert (found['ways{state="measured"}'], found['ways{state="not reached"}']) == (1, 1)


def test_versions_of_named_models_are_told_with_how_they_agree() -> None:
    found = series(most_models=1)
    labels = (
        'modeldeployment="digits",modeldeployment_namespace="shop",revision="a",variant="cloud",version="2"'
    )
    assert found[f"revision_requests_per_second{{{labels}}}"] == 1
    assert found[f"revision_agreement_ratio{{{labels}}}"] == 0.75
    assert not [name for name in found if "shapes" in name]


def test_a_round_that_is_late_is_told() -> None:
    assert series(late_seconds=75)["late_seconds"] == 75
