"""The moves of a ModelDeployment as they stand."""

from datetime import datetime

from fogline.api import ModelDeployment
from fogline.disruption import Progress, follow, obstacle, release
from fogline.observe.owned import Owned, is_replacing_templates, surge
from fogline.placement import Demand, Usage
from fogline.snapshot import Move, Replica


def moves(model: ModelDeployment, demand: Demand, seen: Owned, usage: Usage, now: datetime) -> Progress:
    """Tell how far the moves of a model are. `usage` is only read."""
    marked = tuple(replica for replica in seen.replicas if replica.alive and replica.leaves_by)
    arrived = any(replica.replaces for replica in seen.replicas)
    if not marked and not arrived:
        return Progress()
    without = usage.fork()
    release(marked, without)

    def hindrance(move: Move, replacement: Replica | None) -> str:
        for victim in marked:
            for variant in {victim.variant, move.variant} if victim.leaves_by == move else ():
                live = seen.deployments.get(variant)
                if live and is_replacing_templates(live):
                    return f"variant {variant} is rolled out anew"
        if replacement is None:
            return obstacle(demand, move, without)
        return "" if replacement.ready else _unfit(move.target, without)

    return follow(seen.replicas, hindrance, model.spec.rebalancing.ready_timeout_seconds, now)


def leave(progress: Progress, seen: Owned, usage: Usage) -> None:
    """Stop counting, for their model, the replicas that a rollout or a move is replacing."""
    release((*surge(seen), *progress.victims, *progress.left_over), usage)


def _unfit(node: str, usage: Usage) -> str:
    if not usage.knows(node):
        return f"node {node} is gone"
    if not usage.node(node).ready:
        return f"node {node} is not Ready"
    return f"node {node} is cordoned" if usage.node(node).cordoned else ""
