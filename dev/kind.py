"""The kind cluster: made once, found again, repaired when a run was killed, removed."""

import json
import sys
import time
from collections.abc import Mapping
from typing import Any

import yaml

from dev import host, libyaml, nodeimage, topology
from dev.api import Connection, connect
from dev.cache import content_key, lock
from dev.cluster import mark_as_ours, wait_until_nodes_ready
from dev.docker import ask
from dev.engine import Engine
from dev.errors import DevError
from dev.paths import KIND_KUBECONFIG, ROOT, RUN
from dev.programs import released_or_built
from dev.steps import step
from dev.versions import KUBERNETES

CONFIGURATION = ROOT / "kind-config.yaml"
AUDIT_POLICY = ROOT / "dev" / "manifests" / "audit-policy.yaml"
MADE_FROM = "fogline.dev/made-from"
"""Annotation of the namespace kube-system: the key of the configuration, set when all is complete."""

CREATE_LIMIT_SECONDS = 600
READY_LIMIT_SECONDS = 120
POLL_SECONDS = 0.5
CREATE_ADVICE = (
    "`make up` again repairs it; if the log speaks of too many open files, raise the limit first: "
    "sudo sysctl fs.inotify.max_user_instances=1024"
)
SYSTEM_NAMESPACE = "/api/v1/namespaces/kube-system"


def up(engine: Engine) -> None:
    """Bring the cluster up; do nothing when it is up.

    A cluster that a killed run left half made, or that does not answer, is removed and made again.

    Raises
    ------
    DevError
        The cluster was made from another configuration, or does not get ready.
    """
    key = content_key(CONFIGURATION, AUDIT_POLICY, KUBERNETES)
    with lock(RUN / "kind.lock"):
        if not _answers(engine):
            down(engine)
            _create(engine, nodeimage.ensure(engine))
        made_from = _made_from()
        if made_from is None:
            _complete(key)
        elif made_from != key:
            raise DevError(
                "the cluster was made from another kind-config.yaml, audit policy or Kubernetes version",
                "`make down` removes it, then `make up` makes it anew",
            )


def down(engine: Engine) -> None:
    """Remove the cluster; it is no error when there is none."""
    if nodes(engine):
        with step(
            "Remove the kind cluster", advice="see whether the Docker engine answers (`docker ps`)"
        ) as removing:
            removing.run(
                [released_or_built("kind"), "delete", "cluster", "--name", topology.NAME], env=engine.env
            )
    KIND_KUBECONFIG.unlink(missing_ok=True)
    network = ask(engine, "network", "ls", "--format", "{{.Name}}", "--filter", "name=^kind$").split()
    if network and not json.loads(ask(engine, "network", "inspect", *network))[0]["Containers"]:
        ask(engine, "network", "rm", *network)


def nodes(engine: Engine) -> list[str]:
    """Return the names of the cluster's node containers, in whatever state they are."""
    label = f"label=io.x-k8s.kind.cluster={topology.NAME}"
    return ask(engine, "ps", "--all", "--format", "{{.Names}}", "--filter", label).split()


def configuration() -> dict[str, Any]:
    """Return the content of kind-config.yaml."""
    return dict(libyaml.load(CONFIGURATION.read_text()))


def _answers(engine: Engine) -> bool:
    """Tell whether the cluster is there and its nodes get Ready; start them if they were stopped."""
    containers = nodes(engine)
    if not KIND_KUBECONFIG.exists() or not containers:
        return False
    with step("Look at the kind cluster", advice=CREATE_ADVICE):
        try:
            ask(engine, "start", *containers)  # a restart of the engine or the machine stops them
            with connect(KIND_KUBECONFIG) as api:
                _wait_for_server(api)
                wait_until_nodes_ready(api, limit_seconds=READY_LIMIT_SECONDS)
        except DevError as error:
            print(f"the kind cluster is beyond repair and is made again: {error.problem}", file=sys.stderr)
            return False
    return True


def _made_from() -> str | None:
    """Return the key of what a complete cluster was made from; None when a run was killed before that."""
    with connect(KIND_KUBECONFIG) as api:
        metadata = api.request("GET", SYSTEM_NAMESPACE)["metadata"]
    made_from: str | None = metadata.get("annotations", {}).get(MADE_FROM)
    return made_from


def _wait_for_server(api: Connection) -> None:
    give_up = time.monotonic() + READY_LIMIT_SECONDS
    while True:
        try:
            api.request("GET", "/version")
        except DevError:
            if time.monotonic() > give_up:
                raise
            time.sleep(POLL_SECONDS)
        else:
            return


def _create(engine: Engine, image: str) -> None:
    file = RUN / "kind.yaml"
    machine = topology.Size(host.cpu_millicores(), host.memory_kibibytes())
    wanted = topology.with_control_plane(topology.with_sizes(configuration(), machine), AUDIT_POLICY)
    file.write_text(yaml.safe_dump(wanted, sort_keys=False))
    kind = released_or_built("kind")
    with step("Kind cluster", advice=CREATE_ADVICE) as creating:
        creating.run(
            [kind, "create", "cluster", "--config", file, "--image", image],
            env=engine.env,
            limit_seconds=CREATE_LIMIT_SECONDS,
        )
        kubeconfig = creating.run([kind, "get", "kubeconfig", "--name", topology.NAME], env=engine.env)
        KIND_KUBECONFIG.touch(mode=0o600)
        KIND_KUBECONFIG.write_text(kubeconfig)


def _complete(key: str) -> None:
    """Wait for the nodes, set what kind cannot set, and say that the cluster is complete."""
    with step("Nodes Ready and labelled", advice=CREATE_ADVICE), connect(KIND_KUBECONFIG) as api:
        wait_until_nodes_ready(api, limit_seconds=READY_LIMIT_SECONDS)
        for node, labels in topology.RESTRICTED_LABELS.items():
            _merge(api, f"/api/v1/nodes/{node}", {"labels": labels})
        mark_as_ours(api)
        _merge(api, SYSTEM_NAMESPACE, {"annotations": {MADE_FROM: key}})


def _merge(api: Connection, path: str, metadata: Mapping[str, object]) -> None:
    api.request("PATCH", path, {"metadata": metadata}, content_type="application/merge-patch+json")
