"""From nothing to predictions and moves: operator, store, a trained model, its answers from both tiers."""

import json
import os
import subprocess
import time

from dev import client, digits
from dev.demo_moves import show_moves
from dev.engine import Engine
from dev.errors import DevError
from dev.kubectl import kubectl
from dev.paths import KIND_KUBECONFIG, ROOT
from dev.s3 import install_store
from dev.steps import step

FOGLINE = ROOT / ".venv" / "bin" / "fogline"
READY_LIMIT_SECONDS = 180


def demo(engine: Engine) -> None:
    """Deploy the digits example on the cluster that is up, and show what comes of it.

    Raises
    ------
    DevError
        A step fails.
    """
    credentials = install_store(engine, "default")
    folder = digits.trained()
    digits.publish(folder, credentials)
    seconds = deploy()
    print(f"\ndigits is Ready {seconds:.1f} s after it was applied\n", flush=True)
    said = client.predict(folder, ["--target=Service=digits.default.svc", *_pods_by_tier()])
    _show("fogline", "explain", "digits", "--namespace", "default")
    print(f"\nThe test images, sent from inside the cluster:\n\n{said}")
    show_moves(engine, folder)
    print("\nThe cluster stays. `kubectl get modeldeployments --output wide`; `make down` removes it.")


def deploy() -> float:
    """Apply the example and wait until it is Ready; returns the seconds that it took.

    Raises
    ------
    DevError
        It is not Ready in time.
    """
    advice = f"look at `{FOGLINE.relative_to(ROOT)} explain digits` and `kubectl describe pods`"
    with step("Deploy digits", advice=advice) as deploying:
        start = time.monotonic()
        kubectl(deploying, "apply", "--filename", digits.EXAMPLE / "modeldeployment.yaml")
        kubectl(
            deploying,
            *("wait", "--for=condition=Ready", "modeldeployment/digits", "--namespace", "default"),
            *("--timeout", f"{READY_LIMIT_SECONDS}s"),
            limit_seconds=READY_LIMIT_SECONDS + 30,
        )
        return time.monotonic() - start


def _pods_by_tier() -> list[str]:
    """Give one target for each Ready replica, named by its tier and node."""
    with step("Find the replicas", advice="look at `kubectl get pods --output wide`") as finding:
        listed = kubectl(
            finding,
            *("get", "pods", "--namespace", "default", "--selector", "fogline.dev/model=digits"),
            *("--output", "json"),
        )
    pods = sorted(json.loads(listed)["items"], key=lambda pod: pod["spec"]["nodeName"])
    return [
        f"--target={pod['metadata']['labels']['fogline.dev/variant']}/{pod['spec']['nodeName']}="
        f"{pod['status']['podIP']}"
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
    ]


def _show(*command: str) -> None:
    """Run a command of ours as a person would, and show what it prints."""
    words = [str(FOGLINE), *command[1:]]
    print(f"$ {' '.join(command)}", flush=True)
    done = subprocess.run(
        words, env={**os.environ, "KUBECONFIG": str(KIND_KUBECONFIG)}, check=False, timeout=60
    )
    if done.returncode != 0:
        raise DevError(f"`{' '.join(command)}` ended with status {done.returncode}", "see what it said above")
