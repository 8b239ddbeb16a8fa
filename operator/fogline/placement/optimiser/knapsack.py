"""The knapsack of one node: what fills an empty node of each class so that it is worth most.

Two resources are counted, in units of which a node has some dozens, and requests are rounded up. The others
are left out: whoever uses the answer sees to them.
"""

from dataclasses import dataclass

import numpy as np

from fogline.placement.optimiser.problem import Bools, Floats, Ints, Problem

_UNITS = ((48, 96), (8, 16))
"""Fewest and most units of a node, of the resource that the relaxed plan uses most and of the next one."""
_MARKS = 50_000_000
"""Bytes that remember which replica is taken where: bounds how many classes are filled at once."""
_OVERHEAD = 4
"""Classes that could be filled in the time that it takes to begin with the next replica."""
_NEARLY = 1e-9


@dataclass(frozen=True, slots=True)
class Kind:
    """Classes of nodes with the same room, and what fits them."""

    classes: Ints
    shapes: tuple[Ints, ...]
    """Options that request the same."""
    most: Ints
    """Per shape: replicas that fit a node."""
    units: tuple[int, int]
    """Of a node, per resource that is counted."""
    needs: Ints
    """Shapes x resources that are counted: units that a replica needs."""

    @property
    def work(self) -> int:
        """Measure of the work to fill a node of each class."""
        return int(self.most.sum()) * (len(self.classes) + _OVERHEAD)


def kinds_of(problem: Problem, used: Floats) -> tuple[Kind, ...]:
    """Put classes with the same room together.

    Parameters
    ----------
    used
        Classes x resources: how much of all its nodes some plan uses, which tells what is to be counted.
    """
    _, kind_of = np.unique(problem.class_capacity, axis=0, return_inverse=True)
    _, shape_of = np.unique(problem.requests, axis=0, return_inverse=True)
    fits = (problem.fit > 0).any(axis=0)
    kinds = [np.flatnonzero((kind_of.ravel() == kind) & fits) for kind in range(int(kind_of.max()) + 1)]
    return tuple(_kind(problem, one, shape_of.ravel(), used) for one in kinds if len(one))


def _kind(problem: Problem, classes: Ints, shape_of: Ints, used: Floats) -> Kind:
    options = np.flatnonzero((problem.fit[:, classes] > 0).any(axis=1))
    shapes = tuple(options[shape_of[options] == shape] for shape in np.unique(shape_of[options]).tolist())
    requests = problem.requests[[shape[0] for shape in shapes]]
    shares = requests / problem.whole_room[classes[0]]
    most = np.array([problem.per_open_node[np.ix_(shape, classes)].sum(axis=0).max() for shape in shapes])
    whole = np.floor(1 / np.maximum(shares.max(axis=1), _NEARLY) + _NEARLY)
    wanted = np.array([problem.group_replicas[problem.option_group[shape]].sum() for shape in shapes])
    order = np.lexsort((-(wanted @ shares), -used[classes].sum(axis=0))).tolist()
    first, second = order[0], order[1 % len(order)]
    units, needs = [], []
    for resource, (fewest, largest) in zip((first, second), _UNITS, strict=True):
        count = _units(shares[:, resource], wanted, np.arange(fewest, largest + 1))
        units.append(count)
        needs.append(_rounded_up(shares[:, resource] * count))
    return Kind(
        classes=classes,
        shapes=shapes,
        most=np.minimum(most, whole).astype(np.int64),
        units=(units[0], units[1]),
        needs=np.stack(needs, axis=1).astype(np.int64),
    )


def _units(shares: Floats, wanted: Ints, counts: Ints) -> int:
    """Choose the number of units with which rounding adds least to requests."""
    exact = shares[:, None] * counts[None, :]
    added = wanted @ ((_rounded_up(exact) - exact) / counts)
    return int(counts[added.argmin()])


def _rounded_up(exact: Floats) -> Floats:
    whole: Floats = np.ceil(exact - _NEARLY)
    return whole


def fill(problem: Problem, kind: Kind, worth: Floats) -> list[list[int]]:
    """Fill one node of each class of a kind; give an option for each replica on it.

    Parameters
    ----------
    worth
        Options x classes of the kind: US dollars per hour that a replica is worth there.
    """
    found: list[list[int]] = []
    marks = (kind.units[0] + 1) * (kind.units[1] + 1) * int(kind.most.sum())
    step = max(_MARKS // max(marks, 1), 1)
    for begin in range(0, len(kind.classes), step):
        part = slice(begin, begin + step)
        classes = kind.classes[part]
        items = _items(problem, kind, classes, worth[:, part])
        taken = _taken(kind, items, len(classes))
        for row in range(len(classes)):
            chosen = np.flatnonzero(taken[:, row]).tolist()
            found.append([int(items[number].options[row]) for number in chosen])
    return found


@dataclass(frozen=True, slots=True)
class _Item:
    """One more replica of a shape: of the option that is worth most among those that are left."""

    shape: int
    options: Ints
    """Per class."""
    worth: Floats
    """Per class."""


def _items(problem: Problem, kind: Kind, classes: Ints, worth: Floats) -> list[_Item]:
    found, rows = [], np.arange(len(classes))
    for number, shape in enumerate(kind.shapes):
        values = worth[shape].T
        copies = np.where(values > 0, problem.per_open_node[np.ix_(shape, classes)].T, 0)
        order = np.argsort(-values, axis=1, kind="stable")
        ends = np.cumsum(np.take_along_axis(copies, order, axis=1), axis=1)
        for copy in range(min(int(kind.most[number]), int(ends[:, -1].max()))):
            place = np.minimum((ends <= copy).sum(axis=1), len(shape) - 1)
            options = order[rows, place]
            value = np.where(ends[:, -1] > copy, values[rows, options], 0.0)
            found.append(_Item(number, shape[options], value))
    return found


def _taken(kind: Kind, items: list[_Item], classes: int) -> Bools:
    """Give items x classes: which are taken for the highest worth."""
    first, second = kind.units
    best = np.zeros((classes, first + 1, second + 1), dtype=np.float32)
    better: list[Bools] = []
    for item in items:
        one, other = kind.needs[item.shape].tolist()
        with_it = (
            best[:, : first + 1 - one, : second + 1 - other] + item.worth.astype(np.float32)[:, None, None]
        )
        without = best[:, one:, other:]
        better.append(with_it > without)
        np.maximum(without, with_it, out=without)
    taken = np.zeros((len(items), classes), dtype=bool)
    rows, left = np.arange(classes), np.tile(np.array(kind.units), (classes, 1))
    for number in range(len(items) - 1, -1, -1):
        needs = kind.needs[items[number].shape]
        before = left - needs
        fits = (before >= 0).all(axis=1)
        before = np.maximum(before, 0)
        taken[number] = fits & better[number][rows, before[:, 0], before[:, 1]]
        left -= np.where(taken[number][:, None], needs, 0)
    return taken
