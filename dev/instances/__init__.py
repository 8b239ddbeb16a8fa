"""Clusters of any size made from a seed, for benchmarks, tests and users: the same cluster everywhere.

Real cities and real distances, published machine shapes and prices. What is wanted, and what happens to the
cluster, is drawn from the seed. ``python -m dev.instances SIZE`` writes one as Kubernetes documents.
"""

from dev.instances.cities import CITIES, round_trip_milliseconds
from dev.instances.documents import documents
from dev.instances.instance import SIZES, Instance
from dev.instances.scenarios import after_events, few_big, from_scratch, rebalance, settled

__all__ = [
    "CITIES",
    "SIZES",
    "Instance",
    "after_events",
    "documents",
    "few_big",
    "from_scratch",
    "rebalance",
    "round_trip_milliseconds",
    "settled",
]
