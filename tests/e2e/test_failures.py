"""What breaks for real: the operator itself. The link to an edge node has a file of its own."""

from tests.support.kind_cluster import Cluster, Manifest, kill_operator, kill_operator_pods


def test_an_operator_that_is_killed_in_mid_work_ends_in_the_same_state(cluster: Cluster) -> None:
    cluster.apply(cluster.digits("undisturbed"))
    cluster.wait_until_ready(3, "undisturbed")

    cluster.apply(cluster.digits("disturbed"))
    kill_operator(cluster)
    kill_operator_pods(cluster)
    kill_operator(cluster)
    cluster.wait_until_ready(3, "disturbed")

    def end_state(name: str) -> list[Manifest]:
        found = cluster.model(name)["status"]["placements"]
        return [{key: one[key] for key in ("node", "tier", "variant", "ready")} for one in found]

    assert end_state("disturbed") == end_state("undisturbed")
