"""What a ModelDeployment asks for: the room that its pods will really take."""

import msgspec
import pytest
from tests.support.builders import make_model, make_variant

from fogline.cluster import objects
from fogline.config import Settings
from fogline.objects.deployment import deployment
from fogline.observe import pod_requests
from fogline.placement import demand_of


@pytest.mark.parametrize(
    "requests",
    [
        {"cpu": "1", "memory": "1Gi"},
        {"cpu": "10m", "memory": "1Mi"},
        {"memory": "65Mi", "nvidia.com/gpu": "1"},
    ],
)
def test_a_demand_counts_what_the_pods_of_the_deployment_request(requests: dict[str, str]) -> None:
    model = make_model(variants=[make_variant("cloud", "Cloud", requests=requests)])
    built = deployment(model, model.spec.variants[0], 1, Settings())
    template = {"metadata": {"name": "pod"}, "spec": built["spec"]["template"]["spec"]}
    pod = msgspec.convert(template, objects.Pod)
    (variant,) = demand_of(model).variants
    assert variant.requests == pod_requests(pod)
