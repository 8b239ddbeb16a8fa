"""A comparison as one page of HTML: nothing is loaded, nothing runs, and it says the same without colours."""

from collections import defaultdict
from collections.abc import Iterator
from importlib.resources import files

from fogline.cli.comparison.bench_file import Run
from fogline.cli.comparison.charts import LETTERS, Line, bars, latency_plot, map_plot
from fogline.cli.comparison.choice_map import ChoiceMap
from fogline.cli.comparison.gather import Comparison, say
from fogline.cli.comparison.utilisation import Use
from fogline.cli.overview.html import Html, element, joined, page, table
from fogline.units import format_usd

_DASH = "–"  # noqa: RUF001  a dash, as print has it
MOST_LINES = 6
"""In one plot."""


def write_page(found: Comparison) -> str:
    """Write a comparison."""
    style = "".join(
        files(package).joinpath("style.css").read_text()
        for package in ("fogline.cli.overview", "fogline.cli.comparison")
    )
    parts = (_head(found), _now(found), _measured(found), _used(found), _map(found))
    title = f"{found.model}: cloud or edge, {found.at:%Y-%m-%d %H:%M} UTC"
    return page(title, style, element("main", *parts))


def _head(found: Comparison) -> Html:
    first, *others = say(found)
    return joined(
        (
            element("h1", f"{found.model}: cloud or edge"),
            element("p", f"{found.at:%Y-%m-%d %H:%M} UTC", class_="soft"),
            element("p", first),
            element("ul", *(element("li", one) for one in others)) if others else Html(""),
        )
    )


def _now(found: Comparison) -> Html:
    rows = [
        (
            one.tier.value,
            f"{one.replicas} of {found.replicas}",
            format_usd(one.cost_per_hour),
            _between(one.latency_milliseconds),
        )
        for one in found.tiers
    ]
    head = ("Tier", "Replicas", "US$/h", "Round trip to its nodes")
    return element("section", element("h2", "As it is now"), table(head, rows, (1, 2, 3)), id="now")


def _between(milliseconds: tuple[int, ...]) -> str:
    if not milliseconds:
        return _DASH
    least, most = milliseconds[0], milliseconds[-1]
    return f"{least} ms" if least == most else f"{least} to {most} ms"


def _measured(found: Comparison) -> Html:
    heading = element("h2", "Measured")
    if not found.runs:
        return element(
            "section",
            heading,
            element("p", "Nothing: give files of fogline bench -o json with --bench."),
            id="measured",
        )
    head = (
        *("To", "From", "Protocol", "Variants", "Accuracy", "Answers/s", "p50 ms", "p90 ms", "p99 ms"),
        *("Without answer", "US$/1,000"),
    )
    return element(
        "section",
        heading,
        table(head, map(_row, found.runs), range(4, len(head))),
        *(element("p", one, class_="soft") for one in _remarks(found)),
        *_plots(found),
        id="measured",
    )


def _used(found: Comparison) -> Html:
    if not found.uses:
        return Html("")
    rows = [
        (one.tier.value, *(_percent(share) for use in (one.cpu, one.memory) for share in _shares(use)))
        for one in found.uses
    ]
    head = ("Tier", "CPU of requested", "of allocatable", "Memory of requested", "of allocatable")
    text = "What the servers of the model use now, as the collector measured it in the last five minutes."
    return element(
        "section",
        element("h2", "Utilisation"),
        element("p", text, class_="soft"),
        table(head, rows, range(1, len(head))),
        id="utilisation",
    )


def _shares(use: Use) -> tuple[float | None, float | None]:
    return use.of_requested, use.of_allocatable


def _percent(share: float | None) -> str:
    return _DASH if share is None else f"{100 * share:.1f} %"


def _row(run: Run) -> tuple[str, ...]:
    cost = run.cost_per_1000_requests
    return (
        run.target,
        run.from_.place,
        run.protocol,
        ", ".join(sorted({one.variant for one in run.to.replicas})),
        _DASH if run.accuracy is None else f"{run.accuracy:.4f}",
        f"{run.throughput_per_second:.1f}",
        *(_milliseconds(run.at(share)) for share in (0.5, 0.9, 0.99)),
        f"{run.unanswered} of {run.scheduled}",
        _DASH if cost is None else format_usd(cost),
    )


def _milliseconds(value: float | None) -> str:
    return _DASH if value is None else f"{value:.2f}"


def _remarks(found: Comparison) -> Iterator[str]:
    yield (
        "Latency counts from when a request was due, over all requests; one without an answer is slower than"
        " every other. The cost is that of the replicas in the time of 1,000 answers, so it falls as the rate"
        " rises."
    )
    if why := found.no_utilisation:
        yield why
    if any(run.from_.through_tunnel for run in found.runs):
        yield "From local, requests went through a tunnel by way of the API server: it is in their latency."
    for bench in found.benches:
        for pair in bench.agreement:
            yield f"{pair.agree} of {pair.inputs} inputs were answered alike: {' and '.join(pair.between)}."


def _plots(found: Comparison) -> Iterator[Html]:
    """Draw what compares tiers where it was measured, else all runs."""
    by_tier = [run for run in found.runs if run.to.by == "tier"]
    groups: defaultdict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in by_tier or found.runs:
        groups[run.from_.place, run.protocol].append(run)
    for (place, protocol), runs in groups.items():
        yield element("h3", f"From {place} by {protocol}")
        lines = [line for run in runs[:MOST_LINES] if len((line := _line(run)).points) > 1]
        if lines:
            yield latency_plot(lines)
        costs = [(run, run.cost_per_1000_requests) for run in runs if run.cost_per_1000_requests is not None]
        title = "US dollars per 1,000 requests"
        yield element("p", title, class_="soft")
        yield bars(title, [(run.target, float(cost), format_usd(cost)) for run, cost in costs])


def _line(run: Run) -> Line:
    points = [(one.share, one.milliseconds) for one in run.quantiles if one.milliseconds is not None]
    return Line(run.target, points)


def _map(found: Comparison) -> Html:
    choice = found.choice
    squares = (
        f"Each of the {len(choice.prices)} x {len(choice.penalties)} squares is a decision of its own, with"
        " all replicas placed anew. To the right the penalty on latency rises, upwards the price of edge"
        " nodes, in US dollars an hour."
    )
    letters = (
        f"{LETTERS['Cloud']} all on cloud nodes, {LETTERS['Edge']} all on edge nodes, {LETTERS['Both']} on"
        f" both, {LETTERS['None']} none placed; the frame is the model as it is now."
    )
    return element(
        "section",
        element("h2", "Which tier the decision would choose"),
        element("p", squares, class_="soft"),
        element("p", letters, class_="soft"),
        map_plot(choice),
        *_borders(choice),
        id="map",
    )


def _borders(choice: ChoiceMap) -> Iterator[Html]:
    borders = {"penalty": choice.penalty_borders, "price of edge nodes": choice.price_borders}
    rows = [
        (what, format_usd(one.at), str(one.below), str(one.above))
        for what, own in borders.items()
        for one in own
    ]
    if rows:
        yield table(("What rises", "Border", "Below", "From there on"), rows, (1,))
