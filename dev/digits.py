"""The digits example on the kind cluster: its files made and published, and a client beside the servers."""

import base64
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dev.api import Connection, connect
from dev.cache import content_key, kept_folder
from dev.errors import DevError
from dev.forward import forwarded
from dev.kubectl import apply, kubectl
from dev.paths import KIND_KUBECONFIG, ROOT
from dev.steps import step
from dev.store import NAMESPACE, REGION, StoreCredentials

EXAMPLE = ROOT / "examples" / "digits"
CLIENT = "digits-client"
CLIENT_IMAGE = "fogline.dev/model-server:dev"
CLIENT_LIMIT_SECONDS = 120.0
POLL_SECONDS = 0.3
TRAIN_LIMIT_SECONDS = 300


def trained() -> Path:
    """Return the folder with the exported forms and the test images; train when its inputs changed.

    Raises
    ------
    DevError
        Training fails, or the forms do not agree.
    """

    def make(folder: Path) -> None:
        with step("Train and export digits", advice="run `make venv`, then the same again") as training:
            for module in ("train", "export"):
                training.run(
                    [sys.executable, "-m", f"examples.digits.{module}", "--out", folder],
                    cwd=ROOT,
                    limit_seconds=TRAIN_LIMIT_SECONDS,
                )
            code = "import sys; from pathlib import Path; from examples.digits.data import load, save; "
            code += "save(load()[1], Path(sys.argv[1]))"
            training.run([sys.executable, "-c", code, folder / "test.npz"], cwd=ROOT)

    key = content_key(*sorted(EXAMPLE.glob("*.py")), ROOT / "requirements" / "dev.lock")
    return kept_folder("digits", key, make)


def publish(folder: Path, credentials: StoreCredentials) -> None:
    """Upload the exported forms to the store of the cluster.

    Raises
    ------
    DevError
        The store does not answer or refuses.
    """
    advice = f"look at `kubectl --namespace {NAMESPACE} logs deployment/s3`"
    with step("Publish digits", advice=advice) as publishing, forwarded(NAMESPACE, "s3", 7070) as port:
        publishing.run(
            [sys.executable, "-m", "examples.digits.publish", "--out", folder],
            cwd=ROOT,
            env={
                **os.environ,
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_ACCESS_KEY_ID": credentials.key_id,
                "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
                "AWS_REGION": REGION,
            },
        )


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
    advice = f"look at `kubectl --namespace {namespace} logs {CLIENT}`"
    with step("Send the test images", advice=advice) as sending:
        kubectl(sending, "delete", "pod", CLIENT, "--namespace", namespace, "--ignore-not-found", "--wait")
        apply(sending, "client", [_client_files(folder, namespace), _client_pod(arguments, namespace)])
        with connect(KIND_KUBECONFIG) as api:
            phase = _end_of_client(api, namespace)
        said = kubectl(sending, "logs", CLIENT, "--namespace", namespace)
        if phase != "Succeeded":
            raise DevError(f"the client ended as {phase}:\n{said}", advice)
    return said


def _end_of_client(api: Connection, namespace: str) -> str:
    give_up = time.monotonic() + CLIENT_LIMIT_SECONDS
    while time.monotonic() < give_up:
        pod = api.request("GET", f"/api/v1/namespaces/{namespace}/pods/{CLIENT}")
        phase = str(pod["status"].get("phase"))
        if phase in {"Succeeded", "Failed"}:
            return phase
        time.sleep(POLL_SECONDS)
    return f"still running after {CLIENT_LIMIT_SECONDS:.0f} s"


def _client_files(folder: Path, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": CLIENT, "namespace": namespace},
        "data": {name: (EXAMPLE / name).read_text() for name in ("data.py", "predict.py")},
        "binaryData": {"test.npz": base64.b64encode((folder / "test.npz").read_bytes()).decode()},
    }


def _client_pod(arguments: Sequence[str], namespace: str) -> dict[str, Any]:
    code = [{"key": name, "path": f"examples/digits/{name}"} for name in ("data.py", "predict.py")]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": CLIENT, "namespace": namespace},
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
                    "image": CLIENT_IMAGE,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["python3", "-m", "examples.digits.predict"],
                    "args": ["--images", "test.npz", *arguments],
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
                    "configMap": {"name": CLIENT, "items": [*code, {"key": "test.npz", "path": "test.npz"}]},
                }
            ],
        },
    }
