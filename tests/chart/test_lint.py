"""Helm finds nothing wrong with the chart, whatever the cluster."""

import subprocess

import pytest
from dev.chart import CHART
from dev.programs import program
from tests.support.chart import Document, RefusedValuesError, rendered
from tests.support.policies import BINDING, POLICY

CLUSTERS = {
    "kind": {},
    "k3s": {"operator": {"replicas": 1}},
    "some-namespaces": {"rbac": {"namespaces": ["models"]}},
}


def test_helm_lints_it_strictly() -> None:
    done = subprocess.run(
        [program("helm"), "lint", "--strict", CHART], capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("values", CLUSTERS.values(), ids=CLUSTERS)
@pytest.mark.parametrize("version", ["1.30.0", "1.34.4+k3s1", "1.36.1-eks-0000000"])
def test_it_renders_for_every_version_and_every_kind_of_cluster(values: Document, version: str) -> None:
    documents = rendered(values, kube_version=version)
    names = [(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in documents]
    assert len(names) == len(set(names))
    of_the_cluster = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", POLICY, BINDING}
    assert [one for one in names if not one[1] and one[0] not in of_the_cluster] == []


def test_an_older_kubernetes_is_refused() -> None:
    with pytest.raises(RefusedValuesError, match=r"1\.30\.0"):
        rendered(kube_version="1.29.9")
