"""Which worker runs what, and what is begun first, when a test run has several workers.

A worker takes one file after the other, so that what a file sets up is set up once. Files that take long are
begun first: else one of them goes on alone in the end.
"""

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # it ships no types

LONG = (
    "tests/cluster/test_operator_crashes_in_moves.py",
    "tests/cluster/test_operator_crashes.py",
    "tests/cluster/test_operator_faults_in_moves.py",
    "tests/cluster/test_operator_crowd.py",
    "tests/cluster/test_operator_faults.py",
    "tests/cluster/test_operator_edge_links.py",
    "tests/cluster/test_operator_drains.py",
    "tests/cluster/test_operator_moves.py",
    "tests/cluster/test_janitor.py",
    "tests/cluster/test_collector.py",
    "tests/placement/test_properties.py",
    "tests/placement/test_optimiser_properties.py",
    "tests/examples/test_digits.py",
    "tests/placement/test_adversarial.py",
    "tests/placement/test_plan_properties.py",
    "tests/examples/test_shapes_trained.py",
    "tests/model_server/hostile/test_fuzz.py",
    "tests/model_server/test_process.py",
    "tests/model_server/test_examples.py",
    "tests/model_server/test_life.py",
    "tests/memory_cluster/test_any_change.py",
    "tests/memory_cluster/test_crashes.py",
    "tests/optimiser_process/test_optimiser_process.py",
    "tests/model_fetcher/test_https.py",
    "tests/bench/test_moves.py",
    "tests/observe/test_tally.py",
    "tests/cli/test_plan_adversarial.py",
)
"""Files that take long, the longest first. One that is missing here costs time and nothing else."""

SHARING = (
    "tests/model_server/test_clients.py",
    "tests/model_server/test_grpc.py",
    "tests/model_server/test_metrics.py",
    "tests/model_server/test_rest.py",
)
"""Files that ask the same running servers: one worker runs all, for TensorFlow takes seconds to start."""

_RANK = {file: rank for rank, file in enumerate(LONG)}


class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # see above
    """Give each worker whole files, and files that share servers to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        file = file_of(nodeid)
        return SHARING[0] if file in SHARING else file


def file_of(nodeid: str) -> str:
    """Return the path of a test's file."""
    return nodeid.partition("::")[0]


def long_ones_first(items: list[pytest.Item]) -> None:
    """Sort tests by their files; what is equally long stays as it is."""
    items.sort(key=lambda item: _RANK.get(file_of(item.nodeid), len(LONG)))
