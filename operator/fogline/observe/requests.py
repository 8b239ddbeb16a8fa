"""What a pod holds of its node, counted as kube-scheduler counts it."""

from collections.abc import Sequence
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
    if spec.resources or spec.overhead or any(s.resources for s in statuses):
        return _counted(pod)
    return _of_template(
        tuple([tuple(one.resources.requests.items()) for one in spec.containers]),
        tuple(
            [
                (one.restart_policy == "Always", tuple(one.resources.requests.items()))
                for one in spec.init_containers
            ]
        ),
    )


_Requests = tuple[tuple[str, str], ...]


@lru_cache(maxsize=4096)
def _of_template(containers: tuple[_Requests, ...], before: tuple[tuple[bool, _Requests], ...]) -> Amounts:
    """Count what is asked for, as in `_counted`, where nothing else plays a part.

    Parameters
    ----------
    before
        Init containers: whether each is a sidecar, and what it asks for.
    """
    running = [resource_amounts(dict(one)) for one in containers]
    together = _together(running, [(sidecar, resource_amounts(dict(one))) for sidecar, one in before])
    return sum_amounts([together, {"pods": 1}])


def _counted(pod: objects.Pod) -> Amounts:
    running = [_container(container, pod) for container in pod.spec.containers]
    before = [(one.restart_policy == "Always", _container(one, pod)) for one in pod.spec.init_containers]
    total = _together(running, before)
    if pod.spec.resources:
        total |= resource_amounts(pod.spec.resources.requests)
    return sum_amounts([total, resource_amounts(pod.spec.overhead), {"pods": 1}])


def _together(running: Sequence[Amounts], before: Sequence[tuple[bool, Amounts]]) -> dict[str, int]:
    """Give the most that is held at a time: by all containers that run on, or while one prepares."""
    sidecars: list[Amounts] = []
    peaks: list[Amounts] = []
    for is_sidecar, amounts in before:
        if is_sidecar:
            sidecars.append(amounts)
        else:
            peaks.append(sum_amounts([*sidecars, amounts]))
    return max_amounts([sum_amounts([*running, *sidecars]), *peaks])


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
