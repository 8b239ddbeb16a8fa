"""Leases."""

from datetime import datetime

from fogline.cluster.objects.metadata import ObjectMeta, Slim


class LeaseSpec(Slim, frozen=True):
    """Who holds it, and for how long without a sign of life."""

    holder_identity: str | None = None
    """None or empty: nobody."""
    lease_duration_seconds: int | None = None
    """Others may take it when its holder has not renewed it for so long."""
    acquire_time: datetime | None = None
    renew_time: datetime | None = None
    lease_transitions: int | None = None
    """How often it has gone from one holder to another."""


class Lease(Slim, frozen=True):
    """A Lease."""

    metadata: ObjectMeta
    spec: LeaseSpec = LeaseSpec()
