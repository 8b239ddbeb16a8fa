"""Bring the objects of a ModelDeployment, and its status, to what its spec asks for."""

from fogline.reconcile.loop import Reconciler

__all__ = ["Reconciler"]
