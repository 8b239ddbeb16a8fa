"""Clients of the digits example in pods beside the servers."""

import base64
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dev.api import Connection, connect
from dev.digits import EXAMPLE
from dev.errors import DevError
from dev.kubectl import apply, kubectl
from dev.paths import KIND_KUBECONFIG
from dev.steps import Step, step

IMAGE = "fogline.dev/model-server:dev"
FILES = ("data.py", "predict.py", "ask.py")
PREDICT, ASK = "digits-client", "digits-asker"
"""Names of the pods."""
LIMIT_SECONDS = 120.0
POLL_SECONDS = 0.3
_ENDED = frozenset({"Succeeded", "Failed"})

Asked = dict[str, Any]
"""What has come of the requests of ``examples.digits.ask``."""


def predict(folder: Path, arguments: Sequence[str], namespace: str = "default") -> str:
    """Send the test images from a pod inside the cluster; returns what the client prints.

    Parameters
    ----------
    arguments
        Those of ``examples.digits.predict``.

    Raises
    ------
    DevError
        The client does not end well.
    """
    advice = f"look at `kubectl --namespace {namespace} logs {PREDICT}`"
    with step("Send the test images", advice=advice) as sending, connect(KIND_KUBECONFIG) as api:
        _start(sending, PREDICT, folder, ["examples.digits.predict", *arguments], namespace)
        phase = _wait(api, PREDICT, namespace, _ENDED)
        said = kubectl(sending, "logs", PREDICT, "--namespace", namespace)
        if phase != "Succeeded":
            raise DevError(f"the client ended as {phase}:\n{said}", advice)
    return said


class Asker:
    """A pod that asks without a pause."""

    def __init__(self, name: str, namespace: str) -> None:
        self.advice = f"look at `kubectl --namespace {namespace} logs {name}`"
        self._log = f"/api/v1/namespaces/{namespace}/pods/{name}/log?tailLines=1"

    def asked(self) -> Asked:
        """Read what has come of its requests; it is a second old at most.

        Raises
        ------
        DevError
            The client has gone.
        """
        with connect(KIND_KUBECONFIG) as api:
            return dict(api.request("GET", self._log) or {})

    def asked_by_now(self) -> Asked:
        """Wait for all that was answered until now to be told of; returns what has come of it.

        The next line may have been on its way already, the one after it was not.

        Raises
        ------
        DevError
            The client has gone, or gets no more answers.
        """
        told = self.asked()
        give_up = time.monotonic() + LIMIT_SECONDS
        for _ in range(2):
            before = told
            while told["answered"] == before["answered"]:
                if time.monotonic() > give_up:
                    raise DevError("the client gets no more answers", self.advice)
                time.sleep(POLL_SECONDS)
                told = self.asked()
        return told


@contextmanager
def asking(
    folder: Path, arguments: Sequence[str], namespace: str = "default", name: str = ASK
) -> Iterator[Asker]:
    """Ask Services without a pause, from a pod inside the cluster, until the block ends.

    Parameters
    ----------
    arguments
        Those of ``examples.digits.ask``.
    name
        Of the pod.

    Raises
    ------
    DevError
        The client does not start.
    """
    asker = Asker(name, namespace)
    with step("Ask all the time", advice=asker.advice) as starting, connect(KIND_KUBECONFIG) as api:
        _start(starting, name, folder, ["examples.digits.ask", *arguments], namespace)
        if (phase := _wait(api, name, namespace, _ENDED | {"Running"})) != "Running":
            raise DevError(f"the client is {phase}", asker.advice)
        give_up = time.monotonic() + LIMIT_SECONDS
        while not asker.asked().get("answered"):
            if time.monotonic() > give_up:
                raise DevError("the client gets no answer", asker.advice)
            time.sleep(POLL_SECONDS)
    try:
        yield asker
    finally:
        with step("Stop asking", advice=asker.advice) as stopping:
            _delete(stopping, name, namespace, wait=False)


def _start(during: Step, name: str, folder: Path, command: Sequence[str], namespace: str) -> None:
    _delete(during, name, namespace, wait=True)
    apply(during, name, [_files(name, folder, namespace), _pod(name, command, namespace)])


def _delete(during: Step, name: str, namespace: str, *, wait: bool) -> None:
    how = ("--ignore-not-found", "--grace-period=1", f"--wait={str(wait).lower()}")
    kubectl(during, "delete", "pod", name, "--namespace", namespace, *how)


def _wait(api: Connection, name: str, namespace: str, wanted: frozenset[str]) -> str:
    give_up = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < give_up:
        pod = api.request("GET", f"/api/v1/namespaces/{namespace}/pods/{name}")
        phase = str(pod["status"].get("phase"))
        if phase in wanted:
            return phase
        time.sleep(POLL_SECONDS)
    return f"still {phase} after {LIMIT_SECONDS:.0f} s"


def _files(name: str, folder: Path, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": {file: (EXAMPLE / file).read_text() for file in FILES},
        "binaryData": {"test.npz": base64.b64encode((folder / "test.npz").read_bytes()).decode()},
    }


def _pod(name: str, command: Sequence[str], namespace: str) -> dict[str, Any]:
    code = [{"key": file, "path": f"examples/digits/{file}"} for file in FILES]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "nodeSelector": {"fogline.dev/tier": "Cloud"},
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "client",
                    "image": IMAGE,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["python3", "-m", *command, "--images", "test.npz"],
                    "workingDir": "/client",
                    "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                        "readOnlyRootFilesystem": True,
                    },
                    "volumeMounts": [{"name": "client", "mountPath": "/client", "readOnly": True}],
                }
            ],
            "volumes": [
                {
                    "name": "client",
                    "configMap": {"name": name, "items": [*code, {"key": "test.npz", "path": "test.npz"}]},
                }
            ],
        },
    }
