"""Give the nodes of a plan to those that are like them, so that most replicas in place stay."""

from collections import Counter, defaultdict

import numpy as np

from fogline.placement.optimiser.state import State

Content = tuple[tuple[int, int], ...]
"""Option and count of all that is on a node."""


def settle(state: State) -> None:
    """Swap what is on nodes that no replica can tell apart: the cost stays the same, with fewer moves.

    Nodes that hold something which stays where it is are left alone: it may count against a limit there.
    """
    problem = state.problem
    present: dict[int, Counter[int]] = defaultdict(Counter)
    for option, node, count in problem.standing.movable.tolist():
        present[node][option] = count
    alike: dict[tuple[int, int], list[int]] = defaultdict(list)
    for node in range(problem.nodes):
        if state.ours[node] == sum(state.on_node[node].values()):
            alike[int(problem.node_class[node]), int(problem.node_zone[node])].append(node)
    for nodes in alike.values():
        if len(nodes) > 1 and any(node in present for node in nodes):
            _swap(state, nodes, present)


def _swap(state: State, nodes: list[int], present: dict[int, Counter[int]]) -> None:
    """Give each node of some that are alike the content that agrees most with what is there."""
    contents = [tuple(sorted(state.on_node[node].items())) for node in nodes]
    staying = np.array(
        [[_staying(content, present.get(node, Counter())) for node in nodes] for content in contents]
    )
    given: dict[int, int] = {}
    for one in np.argsort(-staying, axis=None, kind="stable").tolist():
        content, place = divmod(one, len(nodes))
        if content not in given and place not in given.values():
            given[content] = place
    for held, node in zip(contents, nodes, strict=True):
        for option, count in held:
            state.remove(option, node, count)
    for number, place in given.items():
        for option, count in contents[number]:
            state.add(option, nodes[place], count)


def _staying(content: Content, there: Counter[int]) -> int:
    """Count the replicas that stay when a node gets this content."""
    return sum(min(count, there[option]) for option, count in content)
