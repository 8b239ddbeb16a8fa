"""From apply to predictions, on real nodes with real servers."""

from tests.support.kind_cluster import Cluster, Manifest, targets

TEST_IMAGES = 450
EXPECTED_ACCURACY = 0.95
PLAN_LIMIT_SECONDS = 420
"""The operator plans every 300 s at most, and the last plan may have found no model."""


def test_a_model_answers_through_its_service_by_grpc_and_by_rest(served: Cluster) -> None:
    reports = served.predict(f"Service=digits.{served.namespace}.svc")

    assert {report["protocol"] for report in reports} == {"gRPC", "REST"}
    for report in reports:
        assert report["requests"] == TEST_IMAGES
        assert report["accuracy"] >= EXPECTED_ACCURACY


def test_cloud_and_edge_name_the_same_digit_on_every_test_image(served: Cluster) -> None:
    pods = served.pods()
    assert {pod["metadata"]["labels"]["fogline.dev/variant"] for pod in pods} == {"cloud", "edge"}

    reports = served.predict(*targets(pods))

    assert {report["target"] for report in reports} == {"cloud", "edge"}
    assert len({tuple(report["named"]) for report in reports}) == 1
    for pod in pods:
        assert 'request_count{model_name="digits",status="OK"}' in metrics_of(served, pod)


def test_the_optimiser_in_the_operators_image_plans_all_models_together(served: Cluster) -> None:
    def is_planned() -> bool:
        pages = (metrics_of(served, pod, ":8080/metrics") for pod in served.operators())
        return any("\nfogline_cost_gap_ratio " in page for page in pages)

    served.wait(is_planned, "the leader has a plan", PLAN_LIMIT_SECONDS)


def test_replicas_follow_the_scale_subresource_up_and_down(served: Cluster) -> None:
    served.run("scale", "modeldeployment/digits", "--replicas=5")
    served.wait_until_ready(replicas=5)
    served.run("scale", "modeldeployment/digits", "--replicas=2")
    served.wait_until_ready(replicas=2)

    tiers = served.model()["status"]["tiers"]
    assert tiers == {"cloud": {"desired": 1, "ready": 1}, "edge": {"desired": 1, "ready": 1}}


def test_a_deleted_model_leaves_nothing_behind(served: Cluster) -> None:
    served.run("delete", "modeldeployment/digits", "--wait")

    kinds = "deployments,replicasets,pods,services,endpointslices,poddisruptionbudgets"
    selector = "--selector=fogline.dev/model=digits"
    served.wait(
        lambda: not served.run("get", kinds, selector, "--ignore-not-found", "--output=name").strip(),
        "all objects of the model gone",
    )


def test_an_artifact_with_another_digest_is_never_served_and_the_condition_says_so(cluster: Cluster) -> None:
    model = cluster.digits()
    for variant in model["spec"]["variants"]:
        variant["artifact"]["sha256"] = "0" * 64
    cluster.apply(model)

    cluster.wait(lambda: cluster.condition("ArtifactReady")[1] == "FetchFailed", "the failure is reported")

    assert "sha256" in cluster.condition("ArtifactReady")[2]
    assert cluster.condition("Ready")[0] == "False"
    assert cluster.model()["status"]["readyReplicas"] == 0


def metrics_of(cluster: Cluster, pod: Manifest, where: str = ":8501/monitoring/prometheus/metrics") -> str:
    """Read what Prometheus would, from the node of a pod."""
    url = f"http://{pod['status']['podIP']}{where}"
    return cluster.on_node(pod["spec"]["nodeName"], "curl", "--silent", "--max-time", "5", url)
