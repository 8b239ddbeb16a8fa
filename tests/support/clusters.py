"""Which clusters tests may touch: those that ``dev`` made, and no others."""

from dev.cluster import MADE_BY
from tests.support.kubectl import Kubectl


class ForeignClusterError(Exception):
    """The cluster was not made for tests."""


def refuse_foreign_cluster(kubectl: Kubectl) -> None:
    """Stop before anything is written to a cluster that ``dev`` did not make.

    Raises
    ------
    ForeignClusterError
        Its namespace kube-system does not carry the label of ``dev``.
    """
    labels = kubectl.get("namespace", "kube-system")["metadata"]["labels"]
    if MADE_BY not in labels:
        raise ForeignClusterError(f"kube-system has no label {MADE_BY}: tests run on clusters of `dev` only")
