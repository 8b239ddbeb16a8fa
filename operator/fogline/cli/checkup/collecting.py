"""Whether model servers are measured, where somebody counts on it. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from fogline.api import ModelDeployment
from fogline.cli.checkup.facts import COLLECTOR, OPERATOR, Models, setting
from fogline.cli.checkup.findings import Problem, error, several, warning
from fogline.cli.checkup.installation import running
from fogline.cluster.documents import Document
from fogline.collector.answer import Answered
from fogline.names import MODEL_LABEL
from fogline.observe import model_key
from fogline.rollout import needs_figures

COLLECTOR_URL = "FOGLINE_COLLECTOR_URL"
"""Setting of the operator: where it asks for figures."""
_SETTLED_SECONDS = 120
"""A collector that has seen so much has asked every pod several times, and every probe."""
_DOC = "docs, The collector"


def collector(
    deployments: Mapping[str, Document],
    figures: Answered | str | None,
    models: Models,
    pods: Sequence[Document],
    client_sites: Sequence[str],
) -> Iterator[Problem | str]:
    """Check that the collector is there where it is counted on, and reaches what it measures.

    Parameters
    ----------
    figures
        What it answers, or why it does not; None when it was not asked, for none is Ready.
    client_sites
        Those that have a probe.
    """
    live, operator = deployments.get(COLLECTOR), deployments.get(OPERATOR)
    judged = [str(model_key(one)) for one in models.readable if needs_figures(one.spec.rollout)]
    is_asked = operator is not None and bool(setting(operator, COLLECTOR_URL))
    if live is None:
        yield "none is installed, and nothing counts on one"
        if judged:
            yield error(
                f"there is none, and new versions of {several(judged)} wait for its figures",
                "set the value collector.enabled of the chart, or take the limits out of spec.rollout",
            )
        elif is_asked:
            yield error(
                f"there is none, but {COLLECTOR_URL} of the operator names one",
                "helm upgrade of the release brings it back",
            )
        return
    if judged and operator is not None and not is_asked:
        yield error(
            f"the operator does not ask it, and new versions of {several(judged)} wait for its figures",
            f"helm upgrade of the release sets {COLLECTOR_URL} of the operator",
        )
    yield from running(COLLECTOR, live)
    if isinstance(figures, str):
        namespace = live["metadata"]["namespace"]
        yield error(f"it gives no figures: {figures}", f"kubectl -n {namespace} logs deployment/{COLLECTOR}")
    elif figures is not None:
        yield f"{figures.pods.answering} of {figures.pods.known} model servers are measured"
        yield from _reach(figures, models, [_seen(pod) for pod in pods])
        yield from _probes(figures, client_sites)


class _Pod(NamedTuple):
    name: str
    """With its namespace, as ``shop/digits-x``."""
    model: str
    is_ready: bool


def _seen(pod: Document) -> _Pod:
    meta = pod["metadata"]
    namespace, conditions = meta["namespace"], pod.get("status", {}).get("conditions", ())
    return _Pod(
        f"{namespace}/{meta.get('name', '')}",
        f"{namespace}/{meta['labels'][MODEL_LABEL]}",
        any(one["type"] == "Ready" and one["status"] == "True" for one in conditions),
    )


def _reach(figures: Answered, models: Models, pods: Iterable[_Pod]) -> Iterator[Problem]:
    """Tell of replicas that serve, and of which nothing is measured; others may just be starting."""
    ready = {one.name: one.model for one in pods if one.is_ready}
    silent: defaultdict[str, list[str]] = defaultdict(list)
    told = set()
    for trouble in figures.pods.troubles:
        name = f"{trouble.namespace}/{trouble.pod}"
        if name in ready:
            silent[trouble.reason].append(f"{name} on {trouble.node}")
            told.add(ready[name])
    for reason, names in sorted(silent.items()):
        yield warning(f"{reason}: nothing is read of {several(names)}", _advice(reason))
    if figures.pods.left_out:
        yield warning(
            f"{figures.pods.left_out} pods are left out, because there are too many",
            "use more than one installation, each with namespaces of its own (value rbac.namespaces)",
        )
    elif figures.covered_seconds > _SETTLED_SECONDS:
        unmeasured = [
            name
            for model in models.readable
            if (name := str(model_key(model))) not in told and _serves(model) and not _has(figures, name)
        ]
        if unmeasured:
            yield warning(
                f"no figures of {several(unmeasured)}, though replicas are Ready",
                "are their namespaces among FOGLINE_NAMESPACES of the collector?",
            )


def _advice(reason: str) -> str:
    if reason in {"NotReached", "TooSlow"}:
        return "does a NetworkPolicy keep the collector from port 8501 of pods of models, or is a link down?"
    return f"what the reason means: {_DOC}"


def _serves(model: ModelDeployment) -> bool:
    return bool(model.status and model.status.ready_replicas)


def _has(figures: Answered, model: str) -> bool:
    found = figures.models.get(model)
    return found is not None and found.seconds > 0


def _probes(figures: Answered, client_sites: Iterable[str]) -> Iterator[Problem]:
    """Tell of ways that are not measured any more: what was measured expires."""
    if not figures.pods.known or figures.covered_seconds < _SETTLED_SECONDS:
        return
    ways: defaultdict[str, list[str]] = defaultdict(list)
    lost: defaultdict[str, list[str]] = defaultdict(list)
    for one in figures.round_trips:
        ways[one.client_site].append(one.site)
        if one.milliseconds is None:
            lost[one.client_site].append(one.site)
    for client_site in client_sites:
        if lost[client_site] == ways[client_site]:
            yield warning(
                f"the probe at client site {client_site or '(unnamed)'} measures nothing",
                "see its pod (label app.kubernetes.io/name=fogline-probe) and the log of the collector",
            )
        elif lost[client_site]:
            yield warning(
                f"no way from client site {client_site or '(unnamed)'} to {several(lost[client_site])}",
                "is the link down, or does a NetworkPolicy close port 8501 to the probe? What was measured "
                "before expires",
            )
