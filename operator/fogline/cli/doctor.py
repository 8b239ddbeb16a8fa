"""``fogline doctor``: what is wrong with the cluster or the installation, and what to do about it."""

from collections.abc import Iterable, Iterator
from typing import Any

import click

from fogline.cli.checkup.checks import examine
from fogline.cli.checkup.fetch import fetch
from fogline.cli.checkup.findings import Finding, Outcome
from fogline.cli.cluster import ask
from fogline.cli.command import Command
from fogline.cli.options import Where, takes_connection, takes_output
from fogline.cli.output import Line, write
from fogline.cli.style import folded, paint
from fogline.cli.tables import Column, Kind, Table
from fogline.config import from_environment

EXIT_WRONG = 1
_COLOURS = {Outcome.OK: "green", Outcome.WARNING: "yellow", Outcome.ERROR: "red"}
_INDENT = "         "


@click.command(
    name="doctor",
    cls=Command,
    examples=[
        ("is everything as it should be?", "doctor"),
        ("for a program, on another cluster", "doctor --context staging -o json"),
    ],
    exit_codes={0: "no error; there may be warnings", 1: "some check ended with an error"},
)
@takes_connection
@takes_output("table", "wide", "json", "yaml")
@click.pass_context
def command(ctx: click.Context, where: Where, output: str) -> None:
    """Check the cluster and the installation, and say what to do about what is wrong.

    Versions and patch levels, clocks, CustomResourceDefinitions, operator and janitor with their Lease and
    their rights, admission policies, labels of nodes, NodeProfiles, models, trainings, the collector, and
    pods that wait. Nothing is changed. To ask about the rights of accounts takes the right to create
    subjectaccessreviews, and to ask the collector the right to get services/proxy; what you may not read is
    told as a warning. Settings of the operator, such as FOGLINE_REGION_LABEL, are read from the
    environment.
    """
    settings = from_environment()
    findings = examine(ask(where, lambda client, _: fetch(client, settings)))
    write(output, _document(findings), _wide(findings) if output == "wide" else _lines(findings))
    if any(one.outcome is Outcome.ERROR for one in findings):
        ctx.exit(EXIT_WRONG)


def _document(findings: Iterable[Finding]) -> dict[str, Any]:
    return {
        "findings": [
            {
                "check": one.check,
                "outcome": one.outcome.value,
                "message": one.message,
                "advice": one.advice or None,
            }
            for one in findings
        ]
    }


def _wide(findings: Iterable[Finding]) -> Iterator[Line]:
    columns = (
        Column("OUTCOME", Kind.WORD),
        Column("CHECK"),
        *(Column(title, Kind.PROSE) for title in ("MESSAGE", "ADVICE")),
    )
    yield Table(columns, [(_outcome(one), one.check, one.message, one.advice) for one in findings])


def _outcome(one: Finding) -> str:
    return paint(f"{one.outcome.value:<7}", _COLOURS[one.outcome])


def _lines(findings: Iterable[Finding]) -> Iterator[str]:
    for one in findings:
        text = list(folded(f"{one.check}: {one.message}", _INDENT))
        yield f"{_outcome(one)}  {text[0].strip()}"
        yield from text[1:]
        if one.advice:
            yield from folded(f"-> {one.advice}", _INDENT)
