"""A cluster in memory with a clock of its own: days of the operator's pure decisions take seconds.

It models what Kubernetes does with pods, Deployments and nodes, as far as the operator depends on it. It
claims nothing about the API server: no permissions, no field managers, no rates, no lost or late events.
"""

from tests.support.memory_cluster.cluster import MemoryCluster
from tests.support.memory_cluster.operator import Habits, MemoryOperator
from tests.support.memory_cluster.store import Store
from tests.support.memory_cluster.timeline import Timeline

__all__ = ["Habits", "MemoryCluster", "MemoryOperator", "Store", "Timeline"]
