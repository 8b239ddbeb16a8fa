"""From nothing to a model that was trained, judged, served on both tiers, put under load, and moved."""

import json
import os
import subprocess
import time
from pathlib import Path

from dev import client, training
from dev.demo_moves import show_moves
from dev.engine import Engine
from dev.errors import DevError
from dev.kubectl import kubectl
from dev.paths import KIND_KUBECONFIG, ROOT
from dev.programs import released_or_built
from dev.s3 import install_store
from dev.steps import step

FOGLINE = ROOT / ".venv" / "bin" / "fogline"
READY_LIMIT_SECONDS = 180
COMMAND_LIMIT_SECONDS = 180


def demo(engine: Engine) -> None:
    """Deploy the digits example on the cluster that is up, and show what comes of it.

    Raises
    ------
    DevError
        A step fails.
    """
    credentials = install_store(engine, "default")
    start = time.monotonic()
    training.train(credentials)
    _until_ready()
    seconds = time.monotonic() - start
    _show("kubectl", "get", "modeltraining", "digits", "--namespace", "default", "--output", "wide")
    print(f"\ndigits is trained, published and served on both tiers after {seconds:.1f} s\n", flush=True)
    folder = training.held_out(credentials)
    said = client.predict(folder, ["--target=Service=digits.default.svc", *_pods_by_tier()])
    _show("fogline", "explain", "digits", "--namespace", "default")
    print(f"\nThe test images, sent from inside the cluster:\n\n{said}")
    _compare(folder)
    show_moves(engine, folder)
    print("\nThe cluster stays. `kubectl get modeldeployments --output wide`; `make down` removes it.")


def _compare(folder: Path) -> None:
    """Put load on each tier, and write what comes of it as a page."""
    inputs = ("--inputs", str(folder / "test.npz"), "--labels", "labels", "--scale", "0.0625")
    load = ("--rate", "20", "--duration", "5", "--from", "tier=Edge", "--by", "tier")
    bench, page = folder / "bench.json", ROOT / "build" / "digits-report.html"
    page.parent.mkdir(exist_ok=True)
    where = ("--namespace", "default")
    bench.write_text(_fogline("bench", "digits", *inputs, *load, *where, "--output", "json"))
    page.write_text(_fogline("report", "digits", "--bench", str(bench), *where))
    print(f"\nCloud against edge: {page.relative_to(ROOT)}\n", flush=True)


def _until_ready() -> None:
    advice = f"look at `{FOGLINE.relative_to(ROOT)} explain digits` and `kubectl describe pods`"
    with step("Wait for digits on both tiers", advice=advice) as waiting:
        kubectl(
            waiting,
            *("wait", "--for=condition=Ready", "modeldeployment/digits", "--namespace", "default"),
            *("--timeout", f"{READY_LIMIT_SECONDS}s"),
            limit_seconds=READY_LIMIT_SECONDS + 30,
        )


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
    """Run a command as a person would, and show what it prints."""
    print(f"$ {' '.join(command)}", flush=True)
    print(_run(*command), flush=True)


def _fogline(*arguments: str) -> str:
    print(f"$ fogline {' '.join(arguments)}", flush=True)
    return _run("fogline", *arguments)


def _run(*command: str) -> str:
    """Run a command on the kind cluster; returns what it prints."""
    program = str(FOGLINE) if command[0] == "fogline" else str(released_or_built(command[0]))
    done = subprocess.run(
        [program, *command[1:]],
        env={**os.environ, "KUBECONFIG": str(KIND_KUBECONFIG)},
        check=False,
        timeout=COMMAND_LIMIT_SECONDS,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode != 0:
        raise DevError(f"`{' '.join(command)}` ended with status {done.returncode}", "see what it said above")
    return done.stdout
