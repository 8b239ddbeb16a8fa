"""How much the optimiser may do. It can be read where the libraries of the optimiser are not installed.

All is counted in steps, so that the same limits give the same plan on every machine.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Work:
    """How much the relaxation may do."""

    rounds: int = 60
    simplex_steps: int = 400_000


@dataclass(frozen=True, slots=True)
class Neighbourhoods:
    """How much a neighbourhood search may do."""

    number: int = 6
    """Neighbourhoods that are tried."""
    nodes: int = 10
    """Used nodes of each."""


@dataclass(frozen=True, slots=True)
class PatternWork:
    """How much may be done for patterns."""

    rounds: int = 8
    simplex_steps: int = 200_000


@dataclass(frozen=True, slots=True)
class Consolidation:
    """How much may be done to empty nodes (`fogline.placement.consolidate`)."""

    moves: int = 0
    """Of a group, at most; 0: no groups are sought."""
    looks: int = 2000
    """How often the replicas of a node may be placed elsewhere for a try."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be done for one plan.

    A caller with time to spare raises `packing_columns` and the number of neighbourhoods, and lowers
    `good_enough`, for a cheaper plan.
    """

    relaxation: Work = field(default_factory=Work)
    finds_per_replica: int = 40
    """How often the search may look for a node, for each of the plans that it improves."""
    packing_columns: int = 500
    """Pairs of option and node that may be packed exactly."""
    good_enough: float = 0.03
    """Share of the cost without rejections above the bound at which a plan that rejects no more than it must
    is cheap enough, for more than a few hundred nodes."""
    neighbourhoods: Neighbourhoods = field(default_factory=Neighbourhoods)
    patterns: PatternWork = field(default_factory=PatternWork)
    consolidation: Consolidation = field(default_factory=Consolidation)
