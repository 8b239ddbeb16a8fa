"""All checks, and how they are run. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fogline.cli.checkup import collecting, contents, installation
from fogline.cli.checkup.facts import Facts, Unknown
from fogline.cli.checkup.findings import Finding, Outcome, Problem


@dataclass(frozen=True, slots=True)
class _Check:
    """A check and the facts that it judges."""

    title: str
    facts: tuple[str, ...]
    judge: Callable[..., Iterator[Problem | str]]
    """Yields problems, and what to say when there are none."""


def examine(facts: Facts) -> list[Finding]:
    """Judge the facts. Every check says something."""
    return [finding for check in CHECKS for finding in _run(check, facts)]


def _run(check: _Check, facts: Facts) -> list[Finding]:
    given = [getattr(facts, name) for name in check.facts]
    if unknown := next((one for one in given if isinstance(one, Unknown)), None):
        advice = "ask with the rights to read this, or look at what the API server says"
        return [Finding(check.title, Outcome.WARNING, f"cannot be checked: {unknown.why}", advice)]
    found = list(check.judge(*given))
    problems = [
        Finding(check.title, one.outcome, one.message, one.advice)
        for one in found
        if isinstance(one, Problem)
    ]
    well = "; ".join(one for one in found if isinstance(one, str))
    return problems or [Finding(check.title, Outcome.OK, well)]


CHECKS: tuple[_Check, ...] = (
    _Check("Kubernetes", ("version", "models"), installation.kubernetes),
    _Check("Clock", ("clock_seconds",), installation.clock),
    _Check("Definitions", ("definitions",), installation.definitions),
    _Check("Operator and janitor", ("deployments", "lease", "now", "clock_seconds"), installation.programs),
    _Check("Rights", ("missing_rights",), installation.rights),
    _Check("Admission policies", ("policies", "bindings", "watched_policies"), installation.policies),
    _Check("Nodes", ("nodes", "models"), contents.labels),
    _Check("NodeProfiles", ("nodes", "now"), contents.profiles),
    _Check("ModelDeployments", ("models",), contents.models),
    _Check("ModelTrainings", ("trainings",), contents.trainings),
    _Check("Collector", ("deployments", "figures", "models", "pods", "client_sites"), collecting.collector),
    _Check("Waiting pods", ("pods", "now"), contents.waiting),
)
"""In the order in which a user should hear of them."""
