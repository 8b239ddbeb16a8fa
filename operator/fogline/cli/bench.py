"""``fogline bench``: load on a model at a given rate, its answers checked."""

import click

from fogline.cli.benching.inputs import Reading, read_inputs
from fogline.cli.benching.measure import look, measure
from fogline.cli.benching.options import Load, takes_inputs, takes_load, takes_thresholds
from fogline.cli.benching.result import Thresholds, document, lines
from fogline.cli.clock import now
from fogline.cli.command import Command
from fogline.cli.given import warn
from fogline.cli.options import Named, Where, takes_connection, takes_model, takes_output
from fogline.cli.output import write
from fogline.errors import BadInputError

EXIT_MISSED = 1


@click.command(
    name="bench",
    cls=Command,
    examples=[
        ("50 requests a second from here", "bench digits --rate 50 --inputs test.npz --labels labels"),
        (
            "from an edge node, each tier by itself",
            "bench digits --rate 9 --inputs x.csv --from tier=Edge --by tier",
        ),
        ("a gate in a pipeline", "bench digits --rate 9 --inputs x.npz --max-p99 50 --max-errors 0"),
    ],
    exit_codes={0: "done, and every threshold is met", 1: "a run misses a threshold"},
)
@takes_model
@takes_inputs
@takes_load
@takes_thresholds
@takes_output("table", "json", "yaml")
@takes_connection
def command(
    *,
    named: Named,
    reading: Reading,
    load: Load,
    thresholds: Thresholds,
    output: str,
    where: Where,
) -> None:
    """Send requests to a model at a given rate; say how fast and how right its answers are.

    The load is open-loop: when requests are due is drawn before, and latency counts from then. A server that
    stalls does not slow the load down, and all who would have waited are in the figures. Nothing is sent a
    second time. It is load on what serves your users: mind the rate.

    From local, requests go through kubectl port-forward. From a node they come from a Job with one pod, which
    is deleted afterwards, by the cluster itself where this program cannot. That takes the rights to list
    Nodes, Pods, NodeProfiles and ModelDeployments, and in the namespace of the model to create and delete
    Jobs, to create ConfigMaps and to get pods/log.
    """
    inputs = read_inputs(reading)
    if thresholds.min_accuracy is not None and not inputs.labels:
        raise BadInputError("--min-accuracy takes the right answers: name them with --labels")
    at, situation = now(), look(named, where, load)
    runs = len(situation.places) * len(situation.targets) * len(load.protocols)
    warn(
        f"{runs} run{'' if runs == 1 else 's'} on {situation.title}, {load.rate:g} requests a second each,"
        f" {runs * (load.duration + load.warm_up):.0f} s in all"
    )
    measured = measure(situation, where, load, inputs)
    missed = list(thresholds.missed(measured))
    settings = {
        "ratePerSecond": load.rate,
        "seconds": load.duration,
        "warmUpSeconds": load.warm_up,
        "arrivals": load.arrivals,
        "seed": load.seed,
        "inFlight": load.in_flight,
        "timeoutSeconds": load.timeout,
        "inputs": {"rows": inputs.count, "sha256": inputs.digest, "labels": bool(inputs.labels)},
    }
    answer = document(situation.title, at, settings, measured, missed)
    write(output, answer, lines(measured, missed))
    if missed:
        raise click.exceptions.Exit(EXIT_MISSED)
