"""Install the S3 store into the kind cluster."""

import base64
import json

from dev.engine import Engine
from dev.install import apply_manifests
from dev.kubectl import apply, kubectl
from dev.paths import ROOT
from dev.steps import Step, step
from dev.store import NAMESPACE, ROOT_SECRET, StoreCredentials, random_credentials, reader_secret, root_secret

MANIFESTS = ROOT / "dev" / "manifests" / "s3.yaml"
IMAGE = "fogline.dev/s3:dev"
ADVICE = f"look at `kubectl --namespace {NAMESPACE} describe pods`"


def install_store(engine: Engine, reader_namespace: str) -> StoreCredentials:
    """Apply the store and the Secret with which serving pods of a namespace read it; wait for the store.

    Raises
    ------
    DevError
        The API server refuses something, or the store does not get ready.
    """
    with step("S3 store", advice=ADVICE) as installing:
        credentials = _credentials(installing) or random_credentials()
        apply_manifests(installing, MANIFESTS, engine, IMAGE)
        apply(
            installing,
            "store-secrets",
            [root_secret(credentials), reader_secret(credentials, reader_namespace)],
        )
        kubectl(
            installing, "rollout", "status", "deployment/s3", "--namespace", NAMESPACE, "--timeout", "120s"
        )
    return credentials


def _credentials(installing: Step) -> StoreCredentials | None:
    """Read what the store runs with, so that a second run does not lock anybody out."""
    found = kubectl(
        installing,
        *("get", "secret", ROOT_SECRET, "--namespace", NAMESPACE, "--ignore-not-found", "--output", "json"),
    )
    if not found.strip():
        return None
    data = {key: base64.b64decode(value).decode() for key, value in json.loads(found)["data"].items()}
    return StoreCredentials(data["ROOT_ACCESS_KEY_ID"], data["ROOT_SECRET_ACCESS_KEY"])
