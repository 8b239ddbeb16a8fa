"""``fogline report MODEL``: cloud against edge, measured and decided, as one page."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from tests.collector.test_schema import EMPTY, NOBODY, NOTHING
from tests.support.browser import browser
from tests.support.pages import CONTRAST, HOSTILE, WIDTHS, assert_inert, assert_loads_nothing

from fogline.api import Tier
from fogline.cli import main, sources
from fogline.cli.benching.result import SCHEMA
from fogline.cli.clock import now
from fogline.cli.comparison.choice_map import Choice, axis, borders, choice_map, points_for
from fogline.cli.comparison.utilisation import utilisation
from fogline.cli.inventory import take_inventory
from fogline.cli.whatif import with_costs
from fogline.collector.answer import Revision, Use
from fogline.config import Settings
from fogline.placement import Usage, decide, demand_of

NODE = """\
apiVersion: v1
kind: Node
metadata:
  name: {name}
  labels:
    fogline.dev/tier: {tier}
    fogline.dev/cost-per-hour: "{cost}"
    fogline.dev/billing: Share
    fogline.dev/latency-ms: "{latency}"
status:
  allocatable: {{cpu: "4", memory: 8Gi, pods: "110"}}
"""
MODEL = """\
apiVersion: fogline.dev/v1alpha1
kind: ModelDeployment
metadata: {name: digits, namespace: shop}
spec:
  replicas: 2
  variants:
  - name: cloud
    tier: Cloud
    runtime: TensorFlowServing
    artifact: {uri: "s3://models/digits/1"}
    resources: {requests: {cpu: "1"}}
  - name: edge
    tier: Edge
    runtime: LiteRT
    artifact: {uri: "s3://models/digits/tflite/1"}
    resources: {requests: {cpu: "1"}}
  placement: {latency: {targetMilliseconds: 10}, latencyPenaltyPerMillisecond: "0.002"}
"""
CLOUD = NODE.format(name="cloud-1", tier="Cloud", cost="0.40", latency="60")
EDGE = NODE.format(name="edge-1", tier="Edge", cost="0.80", latency="10")
"""A replica takes a quarter of a node: 0.10 in the cloud, 50 ms above the target, or 0.20 on the edge."""


def bench(**changes: Any) -> dict[str, Any]:
    """Have a result of fogline bench, of both tiers from one place."""

    def run(tier: str, base: float, accuracy: float) -> dict[str, Any]:
        shares = [number / 100 for number in range(100)] + [0.995, 0.999, 0.9999, 1.0]
        return {
            "from": {"place": "site=plant-a", "throughTunnel": False},
            "to": {
                "by": "tier",
                "name": tier,
                "tiers": [tier],
                "replicas": [{"pod": "r", "variant": tier.lower(), "node": "n", "site": "s"}],
                "costPerHour": "0.1",
            },
            "protocol": "REST",
            "scheduled": 1000,
            "answered": 998,
            "failed": {"HTTP 503": 2},
            "dropped": 0,
            "throughputPerSecond": 49.9,
            "quantiles": [
                {"share": one, "milliseconds": base * (1 + one**8) if one < 0.998 else None} for one in shares
            ],
            "accuracy": accuracy,
            "costPer1000Requests": "0.00056",
        }

    return {
        "schema": SCHEMA,
        "model": "shop/digits",
        "startedAt": "2030-01-02T03:04:05Z",
        "runs": [run("Cloud", 61.0, 0.98), run("Edge", 11.0, 0.97)],
        "agreement": [{"between": ["Cloud", "Edge"], "inputs": 450, "agree": 444}],
        **changes,
    }


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a cluster and a bench."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cluster.yaml").write_text(f"{CLOUD}---\n{EDGE}---\n{MODEL}")
    (tmp_path / "bench.json").write_text(json.dumps(bench()))
    return tmp_path


def run_report(*arguments: str) -> Result:
    command = ["report", "digits", "-n", "shop", "-f", "cluster.yaml", *arguments]
    return CliRunner().invoke(main, command, catch_exceptions=False)


def report(*arguments: str) -> str:
    result = run_report(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


USED = Use(used=0.5, requested=1.0, allocatable=4.0)
UNKNOWN = Use(requested=1.0, allocatable=4.0)
TOLD = msgspec.structs.replace(
    EMPTY,
    nodes={"n1": msgspec.structs.replace(NOTHING, cpu=USED, memory=USED)},
    revisions=tuple(
        Revision(
            namespace="shop",
            model=model,
            variant=tier.lower(),
            revision="r",
            version="1",
            tier=tier,
            figures=msgspec.structs.replace(NOTHING, cpu=cpu, memory=USED),
            clients=NOBODY,
        )
        for model, tier, cpu in (
            ("digits", "Cloud", USED),
            ("digits", "Cloud", USED),
            ("digits", "Cloud", UNKNOWN),
            ("digits", "Edge", UNKNOWN),
            ("other", "Cloud", USED),
        )
    ),
)


def test_utilisation_is_that_of_the_replicas_of_the_model_whose_use_is_known_by_tier() -> None:
    cloud, edge = utilisation(TOLD, "shop/digits", {Tier.CLOUD: {"n1"}, Tier.EDGE: {"gone"}})
    assert (cloud.cpu.used, cloud.cpu.of_requested, cloud.cpu.of_allocatable) == (1.0, 0.5, 0.25)
    assert (edge.cpu.used, edge.cpu.of_requested, edge.cpu.of_allocatable) == (None, None, None)
    assert (edge.memory.of_requested, edge.memory.of_allocatable) == (0.5, None)


@pytest.mark.usefixtures("files")
def test_utilisation_is_in_both_forms_of_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fogline.cli.report._told", lambda _: TOLD)
    found = json.loads(report("-o", "json"))
    assert found["utilisation"]["Cloud"]["cpu"]["ofRequested"] == 0.5
    assert found["utilisationMissing"] is None
    page = report()
    assert "CPU of requested" in page
    assert "50.0 %" in page
    assert "Utilisation is left out" not in page


@pytest.mark.usefixtures("files")
def test_it_tells_what_was_measured_and_where_the_border_is() -> None:
    found = json.loads(report("--bench", "bench.json", "-o", "json"))
    assert [(run["to"]["name"], run["accuracy"]) for run in found["runs"]] == [
        ("Cloud", 0.98),
        ("Edge", 0.97),
    ]
    assert found["utilisation"] is None
    assert found["utilisationMissing"]
    choice = found["choice"]
    # two replicas at 0.1 + 50 ms * 0.002 in the cloud cost as much as at 0.2 on the edge: names settle it
    assert choice["now"]["penaltyPerMillisecond"] == "0.002"
    (penalty,), (price,) = choice["penaltyBorders"], choice["priceBorders"]
    assert float(penalty["at"]) == pytest.approx(0.002, rel=0.011)
    assert (penalty["below"]["edge"], penalty["above"]["edge"]) == (0, 2)
    assert float(price["at"]) == pytest.approx(0.8, rel=0.011)
    assert (price["below"]["edge"], price["above"]["edge"]) == (2, 0)
    assert len(choice["choices"]) == len(choice["edgeNodePrices"]) == 24
    page = report("--bench", "bench.json")
    for text in ("shop/digits: cloud or edge", "0.9800", "444 of 450 inputs", "Utilisation is left out"):
        assert text in page


def test_every_point_of_the_map_is_what_the_decision_gives(files: Path) -> None:
    found = take_inventory(sources.read(str(files / "cluster.yaml")), Settings(), now(), print)
    model = found.models[0]
    chosen = choice_map(demand_of(model), found.snapshot)
    for row, price in list(enumerate(chosen.prices))[::5]:
        for column, penalty in list(enumerate(chosen.penalties))[::5]:
            spec = MODEL.replace('"0.002"', f'"{penalty:f}"')
            (files / "other.yaml").write_text(f"{CLOUD}---\n{EDGE}---\n{spec}")
            other = take_inventory(sources.read(str(files / "other.yaml")), Settings(), now(), print)
            snapshot = with_costs(other.snapshot, {"edge-1": price})
            decision = decide(demand_of(other.models[0]), Usage(snapshot))
            edge = sum(one.tier == "Edge" for one in decision.assignments)
            expected = Choice(len(decision.assignments) - edge, edge, decision.waiting)
            assert chosen.choices[row][column] == expected, (price, penalty)


def test_replicas_that_run_do_not_sway_the_map(files: Path) -> None:
    pod = """\
---
apiVersion: v1
kind: Pod
metadata: {name: r-1, namespace: shop, labels: {fogline.dev/model: digits, fogline.dev/variant: cloud}}
spec: {nodeName: cloud-1, containers: [{name: server, resources: {requests: {cpu: "1"}}}]}
"""
    before = json.loads(report("-o", "json"))["choice"]
    (files / "cluster.yaml").write_text((files / "cluster.yaml").read_text() + pod)
    after = json.loads(report("-o", "json"))
    assert after["choice"] == before
    assert [(one["tier"], one["replicas"]) for one in after["tiers"]] == [("Cloud", 1), ("Edge", 0)]


def test_free_edge_nodes_are_given_prices_around_those_of_the_cloud(files: Path) -> None:
    (files / "cluster.yaml").write_text(f"{CLOUD}---\n{EDGE.replace('0.80', '0')}---\n{MODEL}")
    choice = json.loads(report("-o", "json"))["choice"]
    prices = [float(one) for one in choice["edgeNodePrices"]]
    assert prices[0] == 0
    assert prices[-1] == pytest.approx(0.4 * 30, rel=0.01)
    assert choice["now"]["edge"] == 2
    assert [float(one["at"]) for one in choice["priceBorders"]] == [pytest.approx(0.8, rel=0.011)]


def test_where_nothing_would_change_it_the_page_says_so(files: Path) -> None:
    only_edge = MODEL.replace("  placement: {", "  placement: {edge: {minReplicas: 2}, ")
    (files / "cluster.yaml").write_text(f"{CLOUD}---\n{EDGE}---\n{only_edge}")
    assert "No price or penalty on the map changes that" in report()


def test_a_model_without_a_target_is_asked_as_if_a_penalty_were_given(files: Path) -> None:
    bare = MODEL[: MODEL.index("  placement")]
    (files / "cluster.yaml").write_text(f"{CLOUD}---\n{EDGE}---\n{bare}")
    choice = json.loads(report("-o", "json"))["choice"]
    assert (choice["targetMilliseconds"], choice["now"]["penaltyPerMillisecond"]) == (0, "0")
    assert choice["penaltiesPerMillisecond"][0] == "0"
    assert [one["above"]["edge"] for one in choice["penaltyBorders"]] == [2]


@given(
    now=st.decimals("0.0001", "100", places=4),
    points=st.integers(6, 24),
)
def test_an_axis_rises_and_has_the_present_on_it(now: Decimal, points: int) -> None:
    values = axis(min(Decimal("0.001"), now), max(Decimal(10), now), now, points)
    assert now in values
    assert len(values) == points
    assert list(values) == sorted(values)


@given(st.decimals("0.001", "9", places=5))
def test_a_border_is_found_within_a_hundredth(where: Decimal) -> None:
    values = axis(Decimal("0.0005"), Decimal(10), Decimal(0), 12)

    def choose(value: Decimal) -> Choice:
        return Choice(0, 1, 0) if value >= where else Choice(1, 0, 0)

    (border,) = borders(choose, values, [choose(value) for value in values])
    assert where <= border.at * Decimal("1.006")
    assert border.at <= where * Decimal("1.016")


def test_the_work_is_bounded_whatever_the_cluster() -> None:
    assert points_for(2, 2) == points_for(500, 6) == 24
    assert points_for(500, 30) == 10
    assert points_for(5000, 500) == 6


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is nothing that fogline bench -o json wrote"),
        ("{}", "is nothing that fogline bench -o json wrote"),
        (json.dumps(bench(schema="other")), "has the schema 'other'"),
        (json.dumps(bench(model="shop/cats")), "is about shop/cats, not about shop/digits"),
    ],
)
def test_a_file_that_is_no_bench_of_the_model_is_refused(content: str, says: str, files: Path) -> None:
    (files / "bench.json").write_text(content)
    result = run_report("--bench", "bench.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr


@pytest.mark.usefixtures("files")
def test_a_missing_file_or_model_is_refused() -> None:
    assert "absent.json cannot be read" in run_report("--bench", "absent.json").stderr
    unknown = CliRunner().invoke(main, ["report", "digit", "-n", "shop", "-f", "cluster.yaml"])
    assert (unknown.exit_code, "the closest name is digits" in unknown.stderr) == (2, True)
    nameless = CliRunner().invoke(main, ["report", "--bench", "bench.json", "-f", "cluster.yaml"])
    assert (nameless.exit_code, "give its name, too" in nameless.stderr) == (2, True)


def test_hostile_names_stay_text(files: Path) -> None:
    evil = bench()
    evil["runs"][0]["from"]["place"] = HOSTILE
    evil["runs"][0]["to"] = {**evil["runs"][0]["to"], "name": HOSTILE}
    evil["agreement"][0]["between"] = [HOSTILE, HOSTILE]
    (files / "bench.json").write_text(json.dumps(evil))
    page = report("--bench", "bench.json")
    assert_inert(page)
    assert_loads_nothing(page)
    assert page.count("&lt;script&gt;alert(&#x27;1&#x27;)") > 3


PLOTS = "return [...document.querySelectorAll('svg.plot')].map(one => one.getBoundingClientRect().width)"


TWO_LINES = 40
"""Pixels."""
ROWS = "return [...document.querySelectorAll('#measured tbody tr')].map(one => one.offsetHeight)"
MAP = "const one = document.querySelector('#map .scroll'); return one.scrollWidth - one.clientWidth"


async def test_a_browser_shows_it_in_light_and_dark_on_wide_and_narrow_screens(files: Path) -> None:
    page = files / "report.html"
    page.write_text(report("--bench", "bench.json"))
    async with browser(files) as window:
        await window.open(page)
        assert await window.run("return document.querySelectorAll('#map rect').length") == 24 * 24 + 1
        assert await window.run("return document.querySelectorAll('#measured tbody tr').length") == 2
        assert "the decision is: 2 " in await window.run("return document.body.innerText")
        for scheme in ("light", "dark"):
            await window.prefer(scheme)
            assert await window.run(CONTRAST) >= 4.5, scheme
            for width in (1280, 600, 360):
                await window.resize(width, 900)
                needed, given_width = await window.run(WIDTHS)
                assert needed <= given_width, (scheme, width)
                assert min(await window.run(PLOTS)) > 200
                assert max(await window.run(ROWS)) < TWO_LINES, "no name is broken into lines"
                assert width == 360 or await window.run(MAP) <= 0, "the map is seen as a whole"
        assert await window.complaints() == []
