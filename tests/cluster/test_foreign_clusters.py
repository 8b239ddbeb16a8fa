"""Tests keep their hands off clusters that were not made for them."""

import pytest
from dev.cluster import MADE_BY
from tests.support.clusters import ForeignClusterError, refuse_foreign_cluster
from tests.support.kubectl import Kubectl


def test_a_cluster_is_refused_without_the_label_of_dev(kubectl: Kubectl) -> None:
    refuse_foreign_cluster(kubectl)
    kubectl("label", "namespace", "kube-system", f"{MADE_BY}-")
    try:
        with pytest.raises(ForeignClusterError, match="kube-system"):
            refuse_foreign_cluster(kubectl)
    finally:
        kubectl("label", "namespace", "kube-system", f"{MADE_BY}=dev")
