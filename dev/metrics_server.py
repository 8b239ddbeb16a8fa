"""Install the metrics-server into the kind cluster."""

from dev import topology
from dev.engine import Engine
from dev.install import apply_manifests
from dev.kubectl import kubectl
from dev.paths import ROOT
from dev.steps import Step, step

MANIFESTS = ROOT / "dev" / "manifests"
IMAGE = "fogline.dev/metrics-server:dev"
NAMESPACE = "kube-system"
ANSWER_LIMIT_SECONDS = 60
ADVICE = f"look at `kubectl --namespace {NAMESPACE} logs deployment/metrics-server`"


def install_metrics_server(engine: Engine) -> None:
    """Apply the metrics-server, and wait until the API server passes questions about usage on to it.

    Raises
    ------
    DevError
        The API server refuses something, or the metrics-server does not get ready.
    """
    with step("Metrics server", advice=ADVICE) as installing:
        apply_manifests(installing, MANIFESTS / "metrics-server.yaml", engine, IMAGE)
        kubectl(
            installing,
            *("rollout", "status", "deployment/metrics-server"),
            *("--namespace", NAMESPACE, "--timeout", "120s"),
        )
        _wait_for_service(installing, engine)
        apply_manifests(installing, MANIFESTS / "metrics-api.yaml", engine, IMAGE)
        kubectl(
            installing,
            *("wait", "--for=condition=Available", "apiservice/v1beta1.metrics.k8s.io", "--timeout", "60s"),
        )


def _wait_for_service(installing: Step, engine: Engine) -> None:
    """Wait until the node of the API server knows the Service.

    Before that the connections of the API server leave the cluster. Where anybody answers out there, it keeps
    them and finds nothing for ever.
    """
    address = kubectl(
        installing,
        *(
            "get",
            "service",
            "metrics-server",
            "--namespace",
            NAMESPACE,
            "--output=jsonpath={.spec.clusterIP}",
        ),
    ).strip()
    installing.run(
        [
            *("docker", "exec", f"{topology.NAME}-control-plane"),
            *("curl", "--silent", "--show-error", "--fail", "--insecure", f"https://{address}/livez"),
            *("--max-time", "5", "--retry-all-errors", "--retry-delay", "1"),
            *("--retry", "60", "--retry-max-time", str(ANSWER_LIMIT_SECONDS)),
        ],
        env=engine.env,
        limit_seconds=ANSWER_LIMIT_SECONDS + 10,
    )
