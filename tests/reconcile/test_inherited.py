"""Which objects of an operator before this one need no write."""

import copy
from typing import Any

import pytest
from tests.support.builders import make_model, make_variant
from tests.support.live import SETTINGS, stored

from fogline.names import APPLIED_ANNOTATION
from fogline.objects import children
from fogline.reconcile.inherited import is_as_applied, noted

_REQUESTS = {"cpu": "1", "memory": "1Gi"}


def wanted(**spec: Any) -> dict[str, Any]:
    """Build the Deployment of a model."""
    (document,) = children(stored(make_model(**spec)), {"cloud": 2}, SETTINGS).deployments
    return document


def live_of(document: dict[str, Any]) -> dict[str, Any]:
    """Give the object as a list has it after the apply: with defaults, and without its kind."""
    live = copy.deepcopy(noted(document))
    del live["kind"], live["apiVersion"]
    live["metadata"] |= {"uid": "1", "resourceVersion": "5", "generation": 1}
    live["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1"
    live["spec"]["template"]["spec"] |= {"restartPolicy": "Always", "dnsPolicy": "ClusterFirst"}
    return live


def test_what_has_all_that_was_applied_and_defaults_needs_no_write() -> None:
    assert is_as_applied(live_of(wanted()), wanted())


def test_a_quantity_that_the_api_server_writes_in_another_way_is_the_same() -> None:
    ask = wanted(variants=[make_variant("cloud", "Cloud", requests={"cpu": "1000m", "memory": "1024Mi"})])
    live = live_of(ask)
    live["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"] = _REQUESTS
    assert is_as_applied(live, ask)
    live["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"] = {**_REQUESTS, "cpu": "2"}
    assert not is_as_applied(live, ask)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "replicas"), 3),
        (("spec", "progressDeadlineSeconds"), 7),
        (("spec", "template", "spec", "initContainers"), []),
        (("spec", "template", "spec", "containers"), [{"name": "server"}]),
        (("spec", "template", "spec", "affinity"), None),
        (("metadata", "labels"), {}),
        (("metadata", "ownerReferences"), []),
    ],
    ids=lambda part: part[-1] if isinstance(part, tuple) else "",
)
def test_what_somebody_has_changed_is_written(path: tuple[str, ...], value: object) -> None:
    live = live_of(wanted())
    *parents, last = path
    part = live
    for name in parents:
        part = part[name]
    part[last] = value
    assert not is_as_applied(live, wanted())


def test_what_was_applied_for_another_spec_is_written_even_if_nothing_is_missing() -> None:
    """A field that is wanted no more is still there: only the note tells that we put it there."""
    before = wanted(placement={"nodeSelector": {"disk": "fast"}})
    live, now = live_of(before), wanted()
    live["spec"]["template"]["spec"]["affinity"] = now["spec"]["template"]["spec"]["affinity"]
    assert not is_as_applied(live, now)
    live["metadata"]["annotations"][APPLIED_ANNOTATION] = noted(now)["metadata"]["annotations"][
        APPLIED_ANNOTATION
    ]
    assert is_as_applied(live, now)


def test_the_note_does_not_change_with_the_replicas() -> None:
    """The Deployment controller copies annotations to ReplicaSets: scaling would write both."""
    more = copy.deepcopy(wanted())
    more["spec"]["replicas"] += 1
    assert noted(more)["metadata"] == noted(wanted())["metadata"]


def test_an_object_without_a_note_is_written() -> None:
    live = live_of(wanted())
    del live["metadata"]["annotations"]
    assert not is_as_applied(live, wanted())
