"""Take a few nodes apart and fill them anew, again and again: what single changes cannot reach."""

from itertools import count
from random import Random

import numpy as np

from fogline.placement.optimiser.insertion import cheapest, sizes
from fogline.placement.optimiser.problem import Floats
from fogline.placement.optimiser.state import State

_NODES = (3, 10)
"""Nodes that are taken apart together, from and to."""
_WINDOW = 500
"""Fillings that must bring something together."""
_WORTH_GOING_ON = 5e-5
"""Share of the cost that a window of fillings has to save once nothing is left out that could run."""
_SEED = 1
_MARGIN = 1e-9

Change = tuple[int, int, int]
"""Option, node, replicas more."""


def shake(state: State, members: list[list[int]], guide: Floats, worth: float, finds: int) -> None:
    """Keep each new filling that is no worse. The random numbers are the same every time.

    Parameters
    ----------
    members
        Options of each group.
    guide
        Options x classes: what every other filling goes by instead of the cost.
    worth
        Cost of the plan in US dollars per hour: what gains are measured by.
    finds
        How often a node may be searched. It is looked at between fillings.
    """
    random, last = Random(_SEED), state.finds + finds  # noqa: S311  nothing is to be kept secret
    size = sizes(state.problem)
    hopeful = [
        group
        for group, options in enumerate(members)
        if any(len(state.candidates(option)[0]) for option in options)
    ]
    window, least = 0.0, _WORTH_GOING_ON * worth
    for number in count(1):
        if state.finds >= last or not hopeful:
            return
        if number % _WINDOW == 0:
            if window < least and not state.missing[hopeful].any():
                return
            window = 0.0
        before = state.finds
        nodes = _neighbours(state, members, hopeful, random)
        changes: list[Change] = []
        gain = sum(_take_apart(state, node, changes) for node in nodes)
        loose = {int(state.problem.option_group[option]) for option, _, _ in changes}
        groups = loose | {group for group in hopeful if state.missing[group]}
        order = sorted(groups, key=lambda group: -size[members[group][0]] * random.uniform(0.7, 1.3))
        by = guide if random.random() < 0.5 else None  # noqa: PLR2004  a half
        for group in order:
            gain += _fill(state, group, members[group], changes, by)
        if gain < -_MARGIN:
            for option, node, more in reversed(changes):
                state.add(option, node, -more)
        window += max(gain, 0.0)
        state.finds = max(state.finds, before + 1)


def _neighbours(state: State, members: list[list[int]], hopeful: list[int], random: Random) -> list[int]:
    """Choose used nodes that one group could run on, a group with rejections in every other round."""
    rejected = [group for group in hopeful if state.missing[group]]
    group = random.choice(rejected if rejected and random.random() < 0.5 else hopeful)  # noqa: PLR2004  a half
    nodes = np.unique(np.concatenate([state.candidates(option)[0] for option in members[group]]))
    used = [node for node in nodes.tolist() if state.on_node[node]]
    return random.sample(used, min(random.randint(*_NODES), len(used)))


def _take_apart(state: State, node: int, changes: list[Change]) -> float:
    """Take all replicas off a node and give what that saves, which penalties of rejections lessen."""
    problem, kind = state.problem, state.problem.node_class[node]
    gain = 0.0
    for option, held in sorted(state.on_node[node].items()):
        if state.is_sharing_capped(node):
            break
        state.remove(option, node, held)
        changes.append((option, node, -held))
        gain += held * float(problem.cost[option, kind])
        gain -= held * float(problem.group_penalty[problem.option_group[option]])
    return gain if state.ours[node] else gain + float(problem.class_price[kind])


def _fill(state: State, group: int, options: list[int], changes: list[Change], guide: Floats | None) -> float:
    """Place what is missing of a group, and give the penalties that this lifts less what it costs."""
    problem, gain = state.problem, 0.0
    while state.missing[group]:
        found = cheapest(state, options, guide)
        if found is None:
            break
        option, node, cost = found
        more = 1
        if not state.is_capped(option):
            more = min(int(state.missing[group]), state.most_on(option, node))
        state.add(option, node, more)
        changes.append((option, node, more))
        gain += more * float(problem.group_penalty[group]) - cost
        gain -= (more - 1) * float(problem.cost[option, problem.node_class[node]])
    return gain
