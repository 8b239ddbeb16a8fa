"""Files of a Go module that is pinned in ``dev/go``, such as CustomResourceDefinitions of other projects."""

from pathlib import Path

from dev.programs import PINS
from dev.steps import step

LIMIT_SECONDS = 300
PROMETHEUS_OPERATOR = "github.com/prometheus-operator/prometheus-operator"
KEDA = "github.com/kedacore/keda/v2"
KUBEFLOW_TRAINER = "github.com/kubeflow/trainer/v2"
JOB_SET = "sigs.k8s.io/jobset"


def folder(pins: str, module: str) -> Path:
    """Return the folder of a module, in Go's own cache, which knows whether its content is what is pinned.

    Parameters
    ----------
    pins
        Folder of ``dev/go`` whose ``go.mod`` requires it.

    Raises
    ------
    DevError
        Go is missing, or the module cannot be fetched.
    """
    advice = "run the same command again: a download that failed may work now"
    with step(f"Go module {module}", advice=advice) as fetching:
        fetching.run(["go", "mod", "download", module], cwd=PINS / pins, limit_seconds=LIMIT_SECONDS)
        listed = fetching.run(["go", "list", "-m", "-f", "{{.Dir}}", module], cwd=PINS / pins)
    return Path(listed.strip())


def prometheus_operator_crds() -> Path:
    """Return the folder with the CustomResourceDefinitions of the Prometheus Operator."""
    return folder("prometheus-operator", PROMETHEUS_OPERATOR) / "example" / "prometheus-operator-crd"


def keda_crds() -> Path:
    """Return the folder with the CustomResourceDefinitions of KEDA."""
    return folder("keda", KEDA) / "config" / "crd" / "bases"


def kubeflow_trainer_crds() -> Path:
    """Return the folder with the CustomResourceDefinitions of Kubeflow Trainer."""
    return folder("kubeflow-trainer", KUBEFLOW_TRAINER) / "manifests" / "base" / "crds"


def job_set_crds() -> Path:
    """Return the folder with the CustomResourceDefinition of JobSet, which Kubeflow Trainer makes Jobs by."""
    return folder("kubeflow-trainer", JOB_SET) / "config" / "components" / "crd" / "bases"
