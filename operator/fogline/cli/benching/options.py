"""The options of `fogline bench`, each group gathered into one value."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce, wraps
from pathlib import Path
from typing import Any

import click

from fogline.cli.benching.inputs import Reading
from fogline.cli.benching.result import Thresholds
from fogline.cli.benching.situation import LOCAL, POD, SITE, TIER
from fogline.load.job import CONSTANT, GRPC, POISSON, REST
from fogline.load.run import MOST_IN_FLIGHT

Command = Callable[..., Any]

_POSITIVE = click.FloatRange(min=0, min_open=True)


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be sent, as a user says it. The fields are those of `fogline.load.job.Run`."""

    rate: float
    duration: float
    warm_up: float
    arrivals: str
    seed: int
    in_flight: int
    timeout: float
    protocols: tuple[str, ...]
    places: tuple[str, ...]
    by: tuple[str, ...]
    answer: str | None
    version: int | None
    signature: str
    image: str | None


_INPUTS = (
    click.option(
        "--inputs",
        "path",
        type=click.Path(path_type=Path),
        required=True,
        metavar="FILE",
        help="Real inputs, of which each request sends one row: .npz with an array for each input, .csv with"
        " column names in its first line, or .json as for predict.",
    ),
    click.option(
        "--labels", metavar="FIELD", help="Array, column or field of that file with the right answers."
    ),
    click.option("--dtype", help="Type to send inputs as, such as float32; without it the one they have."),
    click.option("--scale", type=float, help="Multiply inputs by it first, such as 0.0625."),
)
_LOAD = (
    click.option("--rate", type=_POSITIVE, required=True, metavar="PER_SECOND", help="Requests a second."),
    click.option(
        "--duration", type=_POSITIVE, default=30, show_default=True, metavar="SECONDS", help="Of each run."
    ),
    click.option(
        "--warm-up",
        type=click.FloatRange(min=0),
        default=2,
        show_default=True,
        metavar="SECONDS",
        help="Load before each run that does not count.",
    ),
    click.option(
        "--arrivals",
        type=click.Choice([POISSON, CONSTANT], case_sensitive=False),
        default=POISSON,
        show_default=True,
        help="As of many clients that know nothing of each other, or like a clock.",
    ),
    click.option("--seed", type=int, default=0, show_default=True, help="Of arrivals and choice of inputs."),
    click.option(
        "--in-flight",
        type=click.IntRange(1, MOST_IN_FLIGHT),
        default=256,
        show_default=True,
        help="Most requests that wait for an answer; what is due beyond them is not sent, and an error.",
    ),
    click.option(
        "--timeout", type=_POSITIVE, default=10, show_default=True, metavar="SECONDS", help="For an answer."
    ),
    click.option(
        "--protocol",
        "protocols",
        type=click.Choice([REST, GRPC], case_sensitive=False),
        multiple=True,
        default=(REST,),
        show_default=True,
        help="Repeatable: one run each.",
    ),
    click.option(
        "--from",
        "places",
        multiple=True,
        default=(LOCAL,),
        show_default=True,
        metavar="PLACE",
        help="Where requests come from: local, node=NAME, site=SITE or tier=TIER. Repeatable.",
    ),
    click.option(
        "--by",
        type=click.Choice([TIER, SITE, POD]),
        multiple=True,
        help="Also measure replicas directly, by tier, site or pod. Repeatable.",
    ),
    click.option("--answer", metavar="OUTPUT", help="Output that names the answer; without it the only one."),
    click.option(
        "--version", type=click.IntRange(min=0), help="Version of the model; without it the latest."
    ),
    click.option("--signature", default="", help="Signature of the model; without it its default one."),
    click.option("--image", help="Image with Python for the pod that sends; without it the model server's."),
)
_THRESHOLDS = (
    click.option("--max-p99", type=_POSITIVE, metavar="MS", help="Missed by a higher 99th percentile."),
    click.option("--min-accuracy", type=click.FloatRange(0, 1), help="Missed by a lower accuracy."),
    click.option(
        "--max-errors", type=click.IntRange(min=0), help="Missed by more requests without an answer."
    ),
)


def takes_inputs(command: Command) -> Command:
    """Let a command take a file of inputs, as the argument ``reading``."""

    @_all_of(_INPUTS)
    @wraps(command)
    def gathered(
        *args: Any, path: Path, labels: str | None, dtype: str | None, scale: float | None, **others: Any
    ) -> Any:
        return command(*args, reading=Reading(path, labels, dtype, scale), **others)

    return gathered


def takes_load(command: Command) -> Command:
    """Let a command take what to send, as the argument ``load``."""

    @_all_of(_LOAD)
    @wraps(command)
    def gathered(*args: Any, **given: Any) -> Any:
        own = {name: given.pop(name) for name in Load.__dataclass_fields__}
        repeated = {name: tuple(dict.fromkeys(own[name])) for name in ("protocols", "places", "by")}
        return command(*args, load=Load(**{**own, **repeated}), **given)

    return gathered


def takes_thresholds(command: Command) -> Command:
    """Let a command take what is demanded of every run, as the argument ``thresholds``."""

    @_all_of(_THRESHOLDS)
    @wraps(command)
    def gathered(
        *args: Any, max_p99: float | None, min_accuracy: float | None, max_errors: int | None, **others: Any
    ) -> Any:
        return command(*args, thresholds=Thresholds(max_p99, min_accuracy, max_errors), **others)

    return gathered


def _all_of(options: tuple[Callable[[Command], Command], ...]) -> Callable[[Command], Command]:
    return lambda command: reduce(lambda inner, option: option(inner), reversed(options), command)
