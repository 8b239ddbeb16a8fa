"""Bring the objects of a ModelDeployment, and its status, to what its spec asks for; report on profiles."""

from fogline.reconcile.loop import Reconciler
from fogline.reconcile.profiles import ProfileKeeper

__all__ = ["ProfileKeeper", "Reconciler"]
