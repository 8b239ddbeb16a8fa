"""Builders of the objects of a ModelDeployment, and of the patch that places a pod. All are pure."""

from fogline.objects.budget import budget
from fogline.objects.children import Children, children
from fogline.objects.deployment import deployment
from fogline.objects.pin import PinnedPlace, open_gate, pin
from fogline.objects.service import service, service_url

__all__ = [
    "Children",
    "PinnedPlace",
    "budget",
    "children",
    "deployment",
    "open_gate",
    "pin",
    "service",
    "service_url",
]
