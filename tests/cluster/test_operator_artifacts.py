"""Artifacts that the kubelet mounts, on a real API server and scheduler."""

from typing import Any

import pytest
from tests.support.builders import make_model, make_variant
from tests.support.live import SETTINGS, stored
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.kinds import DEPLOYMENTS, PODS
from fogline.objects import deployment

CLAIM = [make_variant("cloud", "Cloud", artifact={"uri": "pvc://models/digits/savedmodel/3"})]


async def make_claim(world: World) -> None:
    """Make a claim, and a volume that only it may take."""
    access = {"accessModes": ["ReadOnlyMany"], "storageClassName": ""}
    name = f"{world.namespace}-models"
    await world.kubectl(
        *("apply", "--filename=-"),
        manifest={
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {
                **access,
                "capacity": {"storage": "1Gi"},
                "claimRef": {"namespace": world.namespace, "name": "models"},
                "hostPath": {"path": "/models"},
            },
        },
    )
    await world.kubectl(
        *("apply", "--filename=-"),
        manifest={
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "models", "namespace": world.namespace},
            "spec": {**access, "volumeName": name, "resources": {"requests": {"storage": "1Gi"}}},
        },
    )


@pytest.mark.usefixtures("operator")
async def test_a_model_in_a_claim_is_served(world: World) -> None:
    await make_claim(world)
    await world.add_node()
    await world.apply_model(variants=CLAIM)
    await world.until_ready(1)
    (pod,) = await world.pods()
    mounts = pod["spec"]["containers"][0]["volumeMounts"]
    assert {"name": "artifact", "mountPath": "/models/digits/3", "readOnly": True} in [
        {key: mount[key] for key in mount if key not in {"subPath", "recursiveReadOnly"}} for mount in mounts
    ]


@pytest.mark.usefixtures("operator")
async def test_a_claim_that_does_not_exist_is_named_where_the_user_looks(world: World) -> None:
    await world.add_node()
    await world.apply_model(variants=CLAIM)

    async def is_told() -> bool:
        return 'persistentvolumeclaim "models" not found' in (await world.condition("Placed"))["message"]

    await wait_for(is_told, "the scheduler's reason is told")


async def test_the_api_server_takes_the_pods_of_an_image_as_they_are_built(world: World) -> None:
    source = {"uri": "oci://registry.example/digits:3", "secretName": "puller", "sha256": "0" * 64}
    model = stored(make_model(variants=[make_variant("cloud", "Cloud", artifact=source)]))
    document: dict[str, Any] = deployment(model, model.spec.variants[0], 1, SETTINGS)
    document["metadata"] = {"name": "digits-cloud", "namespace": world.namespace}
    await world.client.apply(document)

    async def is_made() -> bool:
        return bool((await world.client.list(PODS, namespace=world.namespace)).items)

    await wait_for(is_made, "the pod is made")
    stored_spec = (await world.client.get(DEPLOYMENTS, world.namespace, "digits-cloud"))["spec"]
    (pod,) = (await world.client.list(PODS, namespace=world.namespace)).items
    image = {
        "name": "artifact",
        "image": {"reference": "registry.example/digits:3", "pullPolicy": "IfNotPresent"},
    }
    assert image in stored_spec["template"]["spec"]["volumes"]
    assert image in pod["spec"]["volumes"]
    assert pod["spec"]["imagePullSecrets"] == [{"name": "puller"}]
