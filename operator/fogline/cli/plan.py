"""``fogline plan``: the decision for a cluster, and what it would be if something were different."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

import click

from fogline.cli import sources
from fogline.cli.change_options import WhatIf, takes_what_if
from fogline.cli.clock import now
from fogline.cli.command import Command
from fogline.cli.difference import compare
from fogline.cli.difference_report import difference_document, difference_lines, difference_names
from fogline.cli.given import read, warn
from fogline.cli.in_turn import plan_in_turn
from fogline.cli.inventory import Inventory, take_inventory
from fogline.cli.optimised import report_optimised
from fogline.cli.options import Given, takes_cluster, takes_details, takes_namespace, takes_output
from fogline.cli.output import FEW, write
from fogline.cli.plan_report import Report, document
from fogline.cli.render import lines, names
from fogline.cli.whatif import changed, with_added
from fogline.config import from_environment
from fogline.errors import BadInputError, FoglineError
from fogline.optimiser_process import Allowance, Job, NoPlan, OutOfMemory, TimedOut, standing_by, why
from fogline.placement import Demand, demand_of
from fogline.placement.optimised import OptimisedPlan
from fogline.snapshot import Snapshot

EXIT_UNPLACEABLE = 1
EXIT_NO_PLAN = 3


Question = tuple[Sequence[Demand], Snapshot]
Planner = Callable[[Sequence[Question], bool], list[Report]]
"""Answers questions. The second argument tells whether to judge each node by itself too."""


class NoPlanError(FoglineError):
    """The optimiser ended without a plan."""


@click.command(
    name="plan",
    cls=Command,
    examples=[
        ("what the operator would do now", "plan"),
        ("and what if a node were gone, or dearer?", "plan --without-node edge-1 --cost cloud-1=0.80"),
        ("would this model fit, and what would it cost?", "plan --add model.yaml"),
        ("which models would be touched by that", "plan --without-node edge-1 -o name"),
        ("without any cluster, all models planned together", "plan -f nodes.yaml -f models.yaml --optimise"),
    ],
    exit_codes={
        0: "every replica has a node",
        1: "some replica has none",
        3: "the optimiser ended without a plan: standard error says why",
    },
)
@takes_cluster
@takes_namespace
@takes_output("table", "wide", "name", "json", "yaml")
@takes_details
@click.option(
    "--optimise",
    is_flag=True,
    help="Place the replicas of all models together, and say how far from the best possible the plan may be."
    " Needs the extra optimiser.",
)
@takes_what_if
@click.pass_context
def command(
    ctx: click.Context, given: Given, what_if: WhatIf, output: str, *, details: bool, optimise: bool
) -> None:
    """Say where replicas would run, what they cost, and why not elsewhere. Nothing is changed.

    The decision is the one that the operator would make. With --optimise replicas in place may move as well,
    where that saves money or lets others run.

    With --without-node, --cost, --latency or --add it says what would be different from the plan without
    them: which replicas change node, cost, latency, and which would be left without a node.

    Pods with a node take room there; those of a ModelDeployment (labels fogline.dev/model and
    fogline.dev/variant) are replicas in place. A Node without conditions counts as Ready. Settings of the
    operator, such as FOGLINE_REGION_LABEL, are read from the environment. With -n everything is decided
    all the same, and only that namespace is told of.
    """
    planner = ctx.with_resource(_optimised(2 if what_if else 1)) if optimise else _in_turn
    found = read(given)
    cases = [found, _different(found, what_if)] if what_if else [found]
    if not cases[-1].models:
        raise BadInputError("there is no ModelDeployment, so there is nothing to plan")
    demands = [[demand_of(model) for model in case.models] for case in cases]
    questions = [(wanted, case.snapshot) for wanted, case in zip(demands, cases, strict=True)]
    everything = details or len(cases[-1].snapshot.nodes) <= FEW
    try:
        made = planner(questions, everything and not what_if)
    except NoPlanError as error:
        warn(str(error))
        ctx.exit(EXIT_NO_PLAN)
    reports = [one.of(given.namespace) for one in made] if given.namespace else made
    if what_if:
        before, after = zip(reports, demands, strict=True)
        difference = compare(before, after, given.namespace)
        write(
            output,
            difference_document(difference, reports[1]),
            difference_lines(difference, everything=everything),
            difference_names(difference),
        )
    else:
        plan = reports[0]
        write(output, document(plan), lines(plan, everything=everything), names(plan))
    if reports[-1].unplaceable:
        ctx.exit(EXIT_UNPLACEABLE)


def _different(found: Inventory, what_if: WhatIf) -> Inventory:
    added = take_inventory(
        chain.from_iterable(map(sources.read, what_if.added)), from_environment(), now(), warn, found.profiles
    )
    return changed(with_added(found, added), what_if.change)


def _in_turn(questions: Sequence[Question], every_node: bool) -> list[Report]:  # noqa: FBT001  a `Planner`
    return [plan_in_turn(*question, every_node=every_node) for question in questions]


@contextmanager
def _optimised(count: int) -> Iterator[Planner]:
    """Have an optimiser for each question; they load their libraries while the files are read."""
    settings = from_environment()
    allowance = Allowance(settings.optimiser_seconds, settings.optimiser_mebibytes)
    with standing_by(count, allowance) as answer_all:

        def plan(questions: Sequence[Question], every_node: bool) -> list[Report]:  # noqa: FBT001  a `Planner`
            answers = answer_all(Job(tuple(demands), snapshot) for demands, snapshot in questions)
            return [
                report_optimised(_plan(answer), demands, snapshot, every_node=every_node)
                for answer, (demands, snapshot) in zip(answers, questions, strict=True)
            ]

        yield plan


def _plan(answer: OptimisedPlan | NoPlan) -> OptimisedPlan:
    match answer:
        case OptimisedPlan():
            return answer
        case TimedOut():
            raise NoPlanError(f"{why(answer)}; FOGLINE_OPTIMISER_SECONDS gives it more")
        case OutOfMemory():
            raise NoPlanError(f"{why(answer)}; FOGLINE_OPTIMISER_MEBIBYTES gives it more")
        case _:
            raise NoPlanError(why(answer))
