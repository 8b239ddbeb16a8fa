"""What a pod holds of its node, counted as kube-scheduler counts it."""

from functools import lru_cache

from fogline.cluster import objects
from fogline.units import Amounts, max_amounts, resource_amounts, sum_amounts


def pod_requests(pod: objects.Pod) -> Amounts:
    """Add up the requests of a pod, with ``pods: 1`` for itself.

    Containers and sidecars run together; an init container runs beside the sidecars that started before it.
    Pod-level resources beat the sum; overhead comes on top (Kubernetes, ``PodRequests`` in
    k8s.io/component-helpers ``resource/helpers.go``). Pods that ask for the same share one answer.
    """
    spec, status = pod.spec, pod.status
    statuses = (*status.container_statuses, *status.init_container_statuses)
    if spec.init_containers or spec.resources or spec.overhead or any(s.resources for s in statuses):
        return _counted(pod)
    return _sum(tuple(tuple(one.resources.requests.items()) for one in spec.containers))


@lru_cache(maxsize=4096)
def _sum(containers: tuple[tuple[tuple[str, str], ...], ...]) -> Amounts:
    return sum_amounts([*(resource_amounts(dict(one)) for one in containers), {"pods": 1}])


def _counted(pod: objects.Pod) -> Amounts:
    running = [_container(container, pod) for container in pod.spec.containers]
    sidecars: list[Amounts] = []
    peaks: list[Amounts] = []
    for container in pod.spec.init_containers:
        amounts = _container(container, pod)
        if container.restart_policy == "Always":
            sidecars.append(amounts)
        else:
            peaks.append(sum_amounts([*sidecars, amounts]))
    total = max_amounts([sum_amounts([*running, *sidecars]), *peaks])
    if pod.spec.resources:
        total |= resource_amounts(pod.spec.resources.requests)
    return sum_amounts([total, resource_amounts(pod.spec.overhead), {"pods": 1}])


def _container(container: objects.Container, pod: objects.Pod) -> Amounts:
    """Give the larger of what was asked for and what it has: during a resize in place they differ.

    A resize that the kubelet called infeasible never comes, so what it asks for does not count.
    """
    asked = resource_amounts(container.resources.requests)
    statuses = (*pod.status.container_statuses, *pod.status.init_container_statuses)
    status = next((s for s in statuses if s.name == container.name), None)
    if status is None or status.resources is None:
        return asked
    has = [resource_amounts(status.resources.requests), resource_amounts(status.allocated_resources or {})]
    return max_amounts(has if _resize_is_infeasible(pod) else [asked, *has])


def _resize_is_infeasible(pod: objects.Pod) -> bool:
    return any(c.type == "PodResizePending" and c.reason == "Infeasible" for c in pod.status.conditions)
