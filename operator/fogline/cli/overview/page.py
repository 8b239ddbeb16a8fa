"""An overview as one page of HTML: nothing is loaded, nothing runs, and it says the same without colours."""

from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.resources import files
from itertools import groupby

from fogline.api import Tier
from fogline.cli.figures import Figures
from fogline.cli.output import milliseconds
from fogline.cli.overview.gather import MoveView, NodeView, Overview, Reasoning
from fogline.cli.overview.html import Html, element, joined, page, table
from fogline.placement.explain import say_unplaceable
from fogline.units import format_usd

NAMED = 6
"""Of the nodes that replicas of one model are on so many are named; the others are counted."""
_DASH = "–"  # noqa: RUF001  a dash, as print has it


def write_page(found: Overview) -> str:
    """Write an overview."""
    style = files(__package__).joinpath("style.css").read_text()
    parts = (_summary(found), _map(found), _sites(found), _models(found), _why(found), _moves(found))
    return page(f"Fogline, {found.at:%Y-%m-%d %H:%M} UTC", style, element("main", *parts))


def _summary(found: Overview) -> Html:
    total = found.measured.total
    waiting = sum(one.replicas for one in found.missing)
    target = total.latency.share_above_target
    cards = (
        ("nodes", str(total.nodes)),
        ("models", str(len(found.models))),
        ("replicas with a node", str(total.replicas)),
        ("replicas without", str(waiting)),
        ("US dollars an hour", _usd(total)),
        ("mean round trip", _mean(total)),
        ("above their latency target", _DASH if target is None else f"{100 * target:.1f} %"),
        ("moves underway", str(len(found.underway))),
    )
    links = (
        ("map", "Map"),
        ("sites", "Sites"),
        ("models", "Models"),
        ("why", "Why here"),
        ("moves", "Moves"),
    )
    return joined(
        (
            element("h1", "Fogline"),
            element("p", f"{found.at:%Y-%m-%d %H:%M} UTC", class_="soft"),
            element("nav", *(element("a", text, href=f"#{anchor}") for anchor, text in links)),
            element("div", *(_card(*one) for one in cards), class_="cards"),
            _missing(found),
        )
    )


def _missing(found: Overview) -> Html:
    """Tell of replicas without a node; many of them are folded away."""
    if not found.missing:
        return Html("")
    waiting = sum(one.replicas for one in found.missing)
    told = (
        element(
            "p", element("b", str(one.model)), f" ({one.replicas}): {say_unplaceable(one)}", class_="alert"
        )
        for one in found.missing
    )
    opened = {"open": ""} if len(found.missing) <= NAMED else {}
    summary = element("summary", element("b", f"{waiting} replicas without a node, and why"))
    return element("details", summary, *told, **opened)


def _card(name: str, value: str) -> Html:
    return element("div", element("b", value), element("span", name, class_="soft"), class_="card")


def _map(found: Overview) -> Html:
    legend = element(
        "p",
        "A square is a node, filled as far as its CPU is requested, with the number of its replicas.",
        _tile_of("3", 70, (), "an example"),
        "70 % requested, 3 replicas",
        _tile_of("", 0, (), "an example"),
        "empty",
        _tile_of("1", 40, ("cordoned",), "an example"),
        "C cordoned",
        _tile_of("1", 40, ("not Ready",), "an example"),
        "! not Ready",
        class_="soft legend",
    )
    tiers = (_tier(tier, [node for node in found.nodes if node.tier is tier]) for tier in Tier)
    return element("section", element("h2", "Nodes by tier and site"), legend, *tiers, id="map")


def _tier(tier: Tier, nodes: list[NodeView]) -> Html:
    if not nodes:
        return Html("")
    sites = (_site(name, list(own)) for name, own in groupby(nodes, key=lambda node: node.site))
    heading = element("h3", f"{tier.value}: {_nodes(len(nodes))}")
    return joined((heading, element("div", *sites, class_="sites")))


def _site(name: str, nodes: list[NodeView]) -> Html:
    replicas = sum(node.replicas.total() for node in nodes)
    return element(
        "div",
        element("h4", name),
        element("p", f"{_nodes(len(nodes))}, {replicas} replicas", class_="soft"),
        element("div", *map(_tile, nodes), class_="tiles"),
        class_="site",
    )


def _tile(node: NodeView) -> Html:
    count = node.replicas.total()
    models = [f"{count} x {model}" for model, count in node.replicas.most_common(NAMED)]
    if len(node.replicas) > NAMED:
        models.append(f"and {len(node.replicas) - NAMED} more models")
    facts = (
        node.name,
        *node.state,
        f"{node.cpu_percent} % of CPU, {node.memory_percent} % of memory requested",
        f"{format_usd(node.cost_per_hour)} US dollars an hour, billed by {node.billing.value}",
        f"clearance {node.clearance.value}, latency {milliseconds(node.latency_milliseconds)}",
        *models,
    )
    return _tile_of(str(count or ""), node.cpu_percent, node.state, "\n".join(facts))


def _tile_of(count: str, cpu_percent: int, state: tuple[str, ...], title: str) -> Html:
    marks = {"cordoned": "C", "not Ready": "!"}
    inner = [element("b", count)] if count else []
    inner += [element("s", "".join(marks[one] for one in state))] if state else []
    return element(
        "i",
        *inner,
        class_="n off" if state else "n",
        style=f"--u:{min(cpu_percent, 100)}%",
        title=title,
    )


def _sites(found: Overview) -> Html:
    parts: Mapping[str, Figures] = {**found.measured.tiers, "all": found.measured.total}
    head = ("Nodes", "Replicas", "US$/h", "CPU", "Memory", "Round trip", "Above target")
    numbers = range(1, len(head) + 1)
    return element(
        "section",
        element("h2", "Cost, use and latency"),
        element(
            "p", "CPU and memory: requested by replicas / by all pods, of what is allocatable.", class_="soft"
        ),
        table(("Tier", *head), _figures(parts), numbers),
        element("h3", "Sites"),
        table(("Site", *head), _figures(found.measured.sites), numbers),
        id="sites",
    )


def _figures(parts: Mapping[str, Figures]) -> Iterator[tuple[str, ...]]:
    for name, one in parts.items():
        above = one.latency.share_above_target
        yield (
            name,
            str(one.nodes),
            str(one.replicas),
            _usd(one),
            _use(one, "cpu"),
            _use(one, "memory"),
            f"{_mean(one)} / {milliseconds(one.latency.worst)}" if one.latency.known else _DASH,
            _DASH if above is None else f"{100 * above:.1f} %",
        )


def _models(found: Overview) -> Html:
    none = Figures()
    rows = []
    for one in found.models:
        figures = found.measured.models.get(one.model, none)
        above = figures.latency.share_above_target
        rows.append(
            (
                str(one.model),
                f"{figures.replicas} of {one.wanted}",
                str(figures.nodes),
                _usd(figures),
                f"{_mean(figures)} / {milliseconds(figures.latency.worst)}"
                if figures.latency.known
                else _DASH,
                _DASH if above is None else f"{100 * above:.1f} %",
                one.sensitivity.value,
                one.state or _DASH,
            )
        )
    head = ("Model", "Replicas", "Nodes", "US$/h", "Round trip", "Above target", "Sensitivity", "Ready")
    return element("section", element("h2", "Models"), table(head, rows, range(1, 6)), id="models")


def _why(found: Overview) -> Html:
    head = ("Model", "Client site", "Replicas on", "US$/h", "Round trip", "Why here", "Why not elsewhere")
    return element(
        "section",
        element("h2", "Why here, and why not elsewhere"),
        element(
            "p",
            "For each model and client site: what a replica counts for on the node with most of them, in US "
            "dollars an hour with its latency, and what the decision would be now.",
            class_="soft",
        ),
        table(head, map(_reasoning, found.reasoning), (3, 4)),
        id="why",
    )


def _reasoning(one: Reasoning) -> tuple[str, ...]:
    return (
        str(one.model),
        one.client_site or _DASH,
        f"{_on(one.nodes)} as {', '.join(one.variants)}",
        format_usd(one.cost_per_hour),
        milliseconds(one.latency.worst),
        one.here,
        one.elsewhere or _DASH,
    )


def _moves(found: Overview) -> Html:
    underway = [
        (str(model), pod, move.source, move.target, move.reason) for model, pod, move in found.underway
    ]
    ended = [_move(one) for one in found.moves]
    running = table(("Model", "Pod", "From", "To", "Why"), underway) if underway else Html("")
    past = table(
        ("Model", "Began (UTC)", "From", "To", "Why", "Saves US$/h", "Seconds", "How it ended"), ended, (5, 6)
    )
    return element(
        "section",
        element("h2", "Moves"),
        element("p", f"{len(underway)} underway, {len(ended)} remembered.", class_="soft"),
        running,
        past if ended else Html(""),
        id="moves",
    )


def _move(one: MoveView) -> tuple[str, ...]:
    move = one.move
    return (
        str(one.model),
        f"{move.started_at:%Y-%m-%d %H:%M:%S}",
        move.source,
        move.target,
        move.reason,
        move.saving_per_hour or _DASH,
        str(move.seconds),
        f"{move.result.value}{f': {move.message}' if move.message else ''}",
    )


def _on(nodes: Counter[str]) -> str:
    named = [f"{name} ({count})" if count > 1 else name for name, count in nodes.most_common(NAMED)]
    rest = len(nodes) - NAMED
    return ", ".join(named) + (f" and {rest} more nodes" if rest > 0 else "")


def _nodes(count: int) -> str:
    return f"{count} node{'' if count == 1 else 's'}"


def _usd(one: Figures) -> str:
    return f"{one.cost_per_hour:.2f}"


def _mean(one: Figures) -> str:
    return _DASH if one.latency.mean is None else f"{one.latency.mean:.0f} ms"


def _use(one: Figures, resource: str) -> str:
    use = one.use[resource]
    if not use.allocatable:
        return _DASH
    return f"{100 * use.by_us / use.allocatable:.0f} / {100 * use.by_all / use.allocatable:.0f} %"
