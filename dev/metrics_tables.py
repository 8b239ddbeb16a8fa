"""The tables of docs/metrics.md: every metric of operator, janitor and collector, from the code."""

import re
from collections.abc import Callable, Iterable, Mapping

from dev.markdown import table
from dev.paths import ROOT
from fogline.collector.answer import Answered
from fogline.collector.metrics import CollectorMetrics
from fogline.duty import Duty
from fogline.janitor.metrics import JanitorMetrics
from fogline.metrics.instruments import Described
from fogline.metrics.operator import Metrics
from fogline.outlook import Outlook

PAGE = ROOT / "docs" / "metrics.md"


def page() -> str:
    """Return the page as it is now, with its tables as they should be."""

    def filled(match: re.Match[str]) -> str:
        return f"<!-- table: {match[1]} -->\n{_table(TABLES[match[1]]())}<!-- end -->"

    return re.sub(r"<!-- table: (\w+) -->\n.*?<!-- end -->", filled, PAGE.read_text(), flags=re.DOTALL)


def of_operator() -> list[Described]:
    """Return the metrics of an operator that runs."""
    metrics = Metrics()
    metrics.follow(Duty(stale_seconds=1), lambda: None)
    metrics.follow_work(Outlook(lambda _models: None), {}, list)
    return metrics.instruments.described


def of_janitor() -> list[Described]:
    """Return the metrics of a janitor."""
    return JanitorMetrics().instruments.described


def of_collector() -> list[Described]:
    """Return the metrics of a collector; none is read."""
    return CollectorMetrics(_nothing, lambda _: None, lambda: 0.0).instruments.described


def _nothing() -> Answered:
    raise AssertionError("a metric was read")


TABLES: Mapping[str, Callable[[], list[Described]]] = {
    "operator": of_operator,
    "janitor": of_janitor,
    "collector": of_collector,
}


def _table(metrics: Iterable[Described]) -> str:
    rows = sorted((one.name, one.kind, _labels(one), one.help) for one in metrics)
    return table(("metric", "kind", "labels", "what"), ((f"`{name}`", *more) for name, *more in rows))


def _labels(metric: Described) -> str:
    return ", ".join(f"`{label}`" for label in metric.labels)
