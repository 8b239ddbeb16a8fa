"""Reads the facts, all at once where one does not need the other."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from datetime import timedelta

from fogline import observe
from fogline.api import parse
from fogline.api.crd import RESOURCES
from fogline.cli.checkup.facts import COLLECTOR, JANITOR, OPERATOR, Facts, Models, Nodes, T, Unknown, setting
from fogline.cli.checkup.installation import ready_replicas
from fogline.cli.checkup.rights import JANITOR_RIGHTS, Right, operator_rights
from fogline.cli.clock import now
from fogline.cli.collected import read_figures
from fogline.cluster import objects
from fogline.cluster.client import Client
from fogline.cluster.documents import Document
from fogline.cluster.kinds import (
    ACCESS_REVIEWS,
    ADMISSION_POLICIES,
    ADMISSION_POLICY_BINDINGS,
    CUSTOM_RESOURCE_DEFINITIONS,
    DEPLOYMENTS,
    LEASES,
    MODEL_DEPLOYMENTS,
    MODEL_TRAININGS,
    NODE_PROFILES,
    NODES,
    PODS,
    Kind,
)
from fogline.collector.answer import Answered
from fogline.config import Settings, collector_from_environment
from fogline.errors import ApiError, BadInputError, NotFoundError
from fogline.names import MODEL_LABEL, OPERATOR_LEASE

PROBES = "FOGLINE_PROBES"
"""Setting of the collector: where probes answer."""
POLICIES = "FOGLINE_POLICIES"
"""Setting of the operator: which admission policies it looks after."""
KUBEFLOW_TRAINER = "FOGLINE_KUBEFLOW_TRAINER"
"""Setting of the operator: whether it uses Kubeflow Trainer."""
_PROGRAMS = f"app.kubernetes.io/name in ({OPERATOR},{JANITOR},{COLLECTOR})"
FIGURES_SECONDS = 3.0
"""How long the collector has for its answer, of the five in which everything should be told."""
FORBIDDEN = "Forbidden"
"""Reason of the API server itself; a 403 from what it asked for us has none."""
_OURS = "app.kubernetes.io/part-of=fogline"
_HALF = timedelta(milliseconds=500)
"""The API server says its time in whole seconds, rounded down."""


async def fetch(client: Client, settings: Settings) -> Facts:
    """Read everything; what cannot be read is `Unknown`, and everything else is judged all the same."""
    async with asyncio.TaskGroup() as group:
        version = group.create_task(_fact(client.version_info()))
        clock = group.create_task(_fact(_clock(client)))
        definitions = group.create_task(_fact(_definitions(client)))
        models = group.create_task(_fact(_models(client)))
        nodes = group.create_task(_fact(_nodes(client, settings)))
        trainings = group.create_task(_fact(_items(client, MODEL_TRAININGS)))
        pods = group.create_task(_fact(_items(client, PODS, MODEL_LABEL)))
        policies = group.create_task(_fact(_items(client, ADMISSION_POLICIES, _OURS)))
        bindings = group.create_task(_fact(_items(client, ADMISSION_POLICY_BINDINGS, _OURS)))
        deployments = await _fact(_deployments(client))
        lease = group.create_task(_fact(_lease(client, deployments)))
        missing = group.create_task(_fact(_missing_rights(client, deployments)))
        figures = group.create_task(_figures(client, deployments))
    return Facts(
        now=now(),
        version=version.result(),
        clock_seconds=clock.result(),
        definitions=definitions.result(),
        models=models.result(),
        nodes=nodes.result(),
        trainings=trainings.result(),
        pods=pods.result(),
        deployments=deployments,
        lease=lease.result(),
        missing_rights=missing.result(),
        policies=policies.result(),
        bindings=bindings.result(),
        watched_policies=_watched(deployments),
        figures=figures.result(),
        client_sites=_client_sites(deployments),
    )


async def _fact(read: Awaitable[T]) -> T | Unknown:
    try:
        return await read
    except ApiError as error:
        return Unknown(str(error))


async def _clock(client: Client) -> float | None:
    before = now()
    there = await client.server_time()
    if there is None:
        return None
    return (there + _HALF - (before + (now() - before) / 2)).total_seconds()


async def _definitions(client: Client) -> Mapping[str, Document | None]:
    names = [resource.name for resource in RESOURCES]
    found = await asyncio.gather(*(_get(client, CUSTOM_RESOURCE_DEFINITIONS, None, name) for name in names))
    return dict(zip(names, found, strict=True))


async def _get(client: Client, kind: Kind, namespace: str | None, name: str) -> Document | None:
    try:
        return await client.get(kind, namespace, name)
    except NotFoundError:
        return None


async def _items(client: Client, kind: Kind, label_selector: str = "") -> Sequence[Document]:
    """List objects; a cluster that does not know the kind has none."""
    try:
        return (await client.list(kind, label_selector=label_selector)).items
    except NotFoundError:
        return ()


async def _models(client: Client) -> Models:
    readable, unreadable = [], {}
    for document in await _items(client, MODEL_DEPLOYMENTS):
        try:
            readable.append(parse(document))
        except BadInputError as error:
            unreadable[f"{document['metadata']['namespace']}/{document['metadata']['name']}"] = error
    return Models(tuple(readable), unreadable)


async def _nodes(client: Client, settings: Settings) -> Nodes:
    profiles, nodes = await asyncio.gather(_profiles(client), client.list(NODES, objects.Node))
    known = observe.KnownNodes(settings, now)
    for profile in profiles:
        known.profile_changed(None, profile)
    for node in nodes.items:
        known.node_changed(None, node)
    contents = {name: one.content for name, one in known.profiles.items()}
    return Nodes(
        nodes=tuple(known.by_name.values()),
        profiles=tuple(one for one in contents.values() if not isinstance(one, BadInputError)),
        unreadable_profiles={name: one for name, one in contents.items() if isinstance(one, BadInputError)},
    )


async def _profiles(client: Client) -> Sequence[objects.NodeProfile]:
    try:
        return (await client.list(NODE_PROFILES, objects.NodeProfile)).items
    except NotFoundError:
        return ()


async def _deployments(client: Client) -> Mapping[str, Document]:
    found = await _items(client, DEPLOYMENTS, _PROGRAMS)
    return {one["metadata"]["labels"]["app.kubernetes.io/name"]: one for one in found}


async def _lease(
    client: Client, programs: Mapping[str, Document] | Unknown
) -> objects.Lease | Unknown | None:
    if isinstance(programs, Unknown):
        return programs
    if OPERATOR not in programs:
        return None
    try:
        namespace = programs[OPERATOR]["metadata"]["namespace"]
        return await client.get(LEASES, namespace, OPERATOR_LEASE, objects.Lease)
    except NotFoundError:
        return None


async def _missing_rights(
    client: Client, programs: Mapping[str, Document] | Unknown
) -> Mapping[str, Sequence[str]] | Unknown:
    if isinstance(programs, Unknown):
        return programs
    return dict(
        await asyncio.gather(*(_missing_of(client, *one) for one in programs.items() if one[0] != COLLECTOR))
    )


async def _missing_of(client: Client, program: str, deployment: Document) -> tuple[str, Sequence[str]]:
    namespace = deployment["metadata"]["namespace"]
    account = deployment["spec"]["template"]["spec"].get("serviceAccountName", "default")
    needed = _operator_rights(deployment) if program == OPERATOR else JANITOR_RIGHTS
    served = _names(deployment, "FOGLINE_NAMESPACES")
    asked = [(right, there) for right in needed for there in right.namespaces(namespace, served)]
    return f"{namespace}/{account}", await _denied(client, namespace, account, asked)


def _operator_rights(deployment: Document) -> Sequence[Right]:
    trains = setting(deployment, KUBEFLOW_TRAINER) == "true"
    return operator_rights(_names(deployment, POLICIES), trains_by_kubeflow=trains)


def _watched(programs: Mapping[str, Document] | Unknown) -> Sequence[str] | Unknown:
    if isinstance(programs, Unknown):
        return programs
    return _names(programs[OPERATOR], POLICIES) if OPERATOR in programs else ()


def _names(deployment: Document, variable: str) -> Sequence[str]:
    """Read a list with commas."""
    return tuple(filter(None, setting(deployment, variable).split(",")))


def _client_sites(programs: Mapping[str, Document] | Unknown) -> Sequence[str] | Unknown:
    if isinstance(programs, Unknown):
        return programs
    if COLLECTOR not in programs:
        return ()
    text = setting(programs[COLLECTOR], PROBES)
    try:
        probes = collector_from_environment({PROBES: text} if text else {}).probes
    except BadInputError as error:
        return Unknown(f"{COLLECTOR}: {error}")
    return [one.client_site for one in probes]


async def _figures(
    client: Client, programs: Mapping[str, Document] | Unknown
) -> Answered | str | Unknown | None:
    if isinstance(programs, Unknown):
        return programs
    if not ready_replicas(programs.get(COLLECTOR, {})):
        return None
    try:
        async with asyncio.timeout(FIGURES_SECONDS):
            return await read_figures(client)
    except TimeoutError:
        return f"no answer within {FIGURES_SECONDS:g} s"
    except BadInputError as error:
        return str(error)
    except ApiError as error:
        return Unknown(str(error)) if error.reason == FORBIDDEN else str(error)


async def _denied(
    client: Client, namespace: str, account: str, asked: Sequence[tuple[Right, str]]
) -> Sequence[str]:
    answers = await asyncio.gather(
        *(client.create(_review(namespace, account, right, there)) for right, there in asked)
    )
    return [
        f"{right} in {there}" if there else str(right)
        for (right, there), answer in zip(asked, answers, strict=True)
        if not answer["status"].get("allowed")
    ]


def _review(namespace: str, account: str, right: Right, there: str) -> Document:
    resource, _, subresource = right.resource.partition("/")
    attributes = {
        "group": right.group,
        "resource": resource,
        "subresource": subresource,
        "verb": right.verb,
        "name": right.name,
        "namespace": there,
    }
    accounts = "system:serviceaccounts"
    return {
        "apiVersion": ACCESS_REVIEWS.api_version,
        "kind": ACCESS_REVIEWS.kind,
        "metadata": {},
        "spec": {
            "user": f"system:serviceaccount:{namespace}:{account}",
            "groups": [accounts, f"{accounts}:{namespace}", "system:authenticated"],
            "resourceAttributes": attributes,
        },
    }
