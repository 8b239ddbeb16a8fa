"""Finding what a user means in a live cluster, and sending the load."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec

from fogline.api import ModelDeployment, Runtime
from fogline.cli.benching.inputs import Asking, Inputs, bodies
from fogline.cli.benching.options import Load
from fogline.cli.benching.remote import send_from
from fogline.cli.benching.result import Measured, accuracy
from fogline.cli.benching.situation import SERVICE, Place, Serving, Target, place, serving, targets
from fogline.cli.benching.tunnel import forwarded
from fogline.cli.cluster import ask, read_inventory
from fogline.cli.given import warn
from fogline.cli.lookup import find_model
from fogline.cli.options import Named, Where
from fogline.cluster.client import Client
from fogline.cluster.kinds import PODS
from fogline.config import from_environment
from fogline.errors import BadInputError
from fogline.load.job import GRPC, REST, Job, Outcome, Run
from fogline.load.protobuf import PREDICT
from fogline.load.run import carry_out
from fogline.names import GRPC_PORT, REST_PORT

PORTS = {REST: REST_PORT, GRPC: GRPC_PORT}
SERVER = "server"
"""Container of a replica."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known before load begins."""

    model: ModelDeployment
    places: tuple[Place, ...]
    targets: tuple[Target, ...]
    image: str
    """Of pods that send."""

    @property
    def title(self) -> str:
        """Namespace and name of the model."""
        return f"{self.model.metadata.namespace}/{self.model.metadata.name}"


def look(named: Named, where: Where, load: Load) -> Situation:
    """Find the model, its Ready replicas, and the nodes that load is to come from.

    Raises
    ------
    BadInputError
        Something is not there, or will not do.
    ApiError
        The API server refuses, or does not answer.
    """

    async def run(client: Client, namespace: str) -> Situation:
        found = await read_inventory(client, namespace, from_environment(), warn)
        model = find_model(found, named)
        ready = serving(found, model)
        return Situation(
            model=model,
            places=tuple(place(found, model, asked) for asked in load.places),
            targets=tuple(targets(model.metadata.name, ready, load.by)),
            image=load.image or await _image(client, model, ready),
        )

    return ask(where, run)


async def _image(client: Client, model: ModelDeployment, ready: Sequence[Serving]) -> str:
    """Give the image of a replica that our model server runs in, else the one that the operator would use."""
    ours = {one.name for one in model.spec.variants if one.runtime is Runtime.LITERT}
    for one in ready:
        if one.variant in ours:
            pod = await client.get(PODS, model.metadata.namespace, one.pod)
            return str(next(it["image"] for it in pod["spec"]["containers"] if it["name"] == SERVER))
    return from_environment().litert_image


def measure(situation: Situation, where: Where, load: Load, inputs: Inputs) -> list[Measured]:
    """Send the load from each place, one run after the other.

    Raises
    ------
    BadInputError
        Requests cannot be made of the inputs, or cannot be sent from a place.
    ClientError
        A pod that sends does not start, or does not end well.
    ApiError
        The API server refuses, or does not answer.
    """
    asking = Asking(situation.model.model_name, load.version, load.signature)
    sent = {protocol: bodies(inputs, protocol, asking) for protocol in load.protocols}
    measured = []
    for come_from in situation.places:
        for protocol in load.protocols:
            runs = [_run(situation, target, protocol, load) for target in situation.targets]
            outcomes = _send(situation, where, come_from, Job({protocol: sent[protocol]}, tuple(runs)))
            measured += [
                Measured(come_from, target, run, outcome, accuracy(outcome, inputs.labels))
                for target, run, outcome in zip(situation.targets, runs, outcomes, strict=True)
            ]
    return measured


def _run(situation: Situation, target: Target, protocol: str, load: Load) -> Run:
    hosts = [one.address for one in target.replicas]
    if target.by == SERVICE:
        hosts = [f"{target.name}.{situation.model.metadata.namespace}.svc"]
    return Run(
        addresses=tuple(
            f"[{host}]:{PORTS[protocol]}" if ":" in host else f"{host}:{PORTS[protocol]}" for host in hosts
        ),
        protocol=protocol,
        path=PREDICT if protocol == GRPC else _rest_path(situation.model.model_name, load.version),
        rate=load.rate,
        seconds=load.duration,
        warm_up_seconds=load.warm_up,
        arrivals=load.arrivals,
        seed=load.seed,
        in_flight=load.in_flight,
        timeout_seconds=load.timeout,
        answer=load.answer,
    )


def _rest_path(model: str, version: int | None) -> str:
    chosen = "" if version is None else f"/versions/{version}"
    return f"/v1/models/{model}{chosen}:predict"


def _send(situation: Situation, where: Where, come_from: Place, job: Job) -> Sequence[Outcome]:
    namespace, node = situation.model.metadata.namespace or "default", come_from.node
    if node is None:
        return _send_from_here(situation, where, namespace, job)
    return ask(where, lambda client, _: send_from(client, namespace, node.name, situation.image, job))


def _send_from_here(situation: Situation, where: Where, namespace: str, job: Job) -> Sequence[Outcome]:
    """Send through tunnels: a Service has none of its own, so all of its replicas are asked in turn."""
    (protocol,) = job.bodies
    if protocol == GRPC:
        _refuse_without_grpc()
    pods = sorted({one.pod for target in situation.targets for one in target.replicas})
    with forwarded(where, namespace, pods, PORTS[protocol]) as addresses:
        way: Mapping[str, str] = dict(zip(pods, addresses, strict=True))
        runs = (
            replace(run, addresses=tuple(way[one.pod] for one in target.replicas))
            for target, run in zip(situation.targets, job.runs, strict=True)
        )
        return carry_out(Job(job.bodies, tuple(runs)))


def _refuse_without_grpc() -> None:
    if find_spec("grpc") is None:
        raise BadInputError("gRPC from here takes the library grpcio: pip install 'fogline[bench]'")
