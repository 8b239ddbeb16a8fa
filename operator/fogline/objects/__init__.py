"""Builders of the objects of a ModelDeployment, and of the patch that places a pod. All are pure."""

from fogline.objects.budget import budget, min_available
from fogline.objects.children import Children, children
from fogline.objects.deployment import deployment
from fogline.objects.marks import mark_victim, settle_replacement, unmark_victim
from fogline.objects.pin import PinnedPlace, open_gate, pin
from fogline.objects.service import service_url, services

__all__ = [
    "Children",
    "PinnedPlace",
    "budget",
    "children",
    "deployment",
    "mark_victim",
    "min_available",
    "open_gate",
    "pin",
    "service_url",
    "services",
    "settle_replacement",
    "unmark_victim",
]
