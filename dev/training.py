"""The digits example trained inside the kind cluster."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.digits import EXAMPLE
from dev.forward import forwarded
from dev.kubectl import kubectl
from dev.paths import ROOT, RUN
from dev.steps import step
from dev.store import NAMESPACE, REGION, StoreCredentials

LIMIT_SECONDS = 600
STORE_ADVICE = f"look at `kubectl --namespace {NAMESPACE} logs deployment/s3`"
ADVICE = "look at `kubectl get modeltraining digits --output yaml` and `kubectl get pods`"


def train(credentials: StoreCredentials, namespace: str = "default") -> None:
    """Upload the images, apply the example, and wait until a version is published.

    The ModelDeployment is there first: a version that nobody takes is no complete training.

    Raises
    ------
    DevError
        The store or the API server refuses, or the training does not complete.
    """
    with step("Upload the images", advice=STORE_ADVICE) as uploading, store(credentials) as environment:
        uploading.run([sys.executable, "-m", "examples.digits.upload"], cwd=ROOT, env=environment)
    with step("Train digits on two workers", advice=ADVICE) as training:
        for file in ("trained.yaml", "modeltraining.yaml"):
            kubectl(training, "apply", "--filename", EXAMPLE / file, "--namespace", namespace)
        kubectl(
            training,
            *("wait", "--for=condition=Complete", "modeltraining/digits", "--namespace", namespace),
            *("--timeout", f"{LIMIT_SECONDS}s"),
            limit_seconds=LIMIT_SECONDS + 30,
        )


def held_out(credentials: StoreCredentials) -> Path:
    """Fetch the images that the training has not seen; returns the folder with ``test.npz``.

    Raises
    ------
    DevError
        They are not there.
    """
    folder = RUN / "digits"
    with step("Fetch the test images", advice=STORE_ADVICE) as fetching, store(credentials) as environment:
        module = "examples.digits.held_out"
        fetching.run([sys.executable, "-m", module, "--out", folder / "test.npz"], cwd=ROOT, env=environment)
    return folder


@contextmanager
def store(credentials: StoreCredentials) -> Iterator[dict[str, str]]:
    """Forward a port to the store; gives the environment in which a client of ours finds it.

    Raises
    ------
    DevError
        The store cannot be reached.
    """
    with forwarded(NAMESPACE, "s3", 7070) as port:
        yield {
            **os.environ,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": credentials.key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_REGION": REGION,
        }
