"""A comparison as plain data for programs. Money is a decimal string, as everywhere in the API."""

from collections.abc import Sequence
from typing import Any

import msgspec

from fogline.cli.comparison.choice_map import Border, Choice
from fogline.cli.comparison.gather import Comparison, say
from fogline.cli.comparison.utilisation import Use
from fogline.units import format_usd

SCHEMA = "fogline.dev/comparison/v1"


def document(found: Comparison) -> dict[str, Any]:
    """Write a comparison as plain data; docs/bench.md tells what the fields mean."""
    choice = found.choice
    return {
        "schema": SCHEMA,
        "time": f"{found.at:%Y-%m-%dT%H:%M:%SZ}",
        "model": found.model,
        "replicas": found.replicas,
        "tiers": [
            {
                "tier": one.tier.value,
                "replicas": one.replicas,
                "costPerHour": format_usd(one.cost_per_hour),
                "latencyMilliseconds": list(one.latency_milliseconds),
            }
            for one in found.tiers
        ],
        "runs": [msgspec.to_builtins(run, builtin_types=()) for run in found.runs],
        "agreement": [msgspec.to_builtins(pair) for bench in found.benches for pair in bench.agreement],
        "utilisation": {
            one.tier.value: {"cpu": _use(one.cpu), "memory": _use(one.memory)} for one in found.uses
        }
        or None,
        "utilisationMissing": found.no_utilisation,
        "choice": {
            "said": say(found),
            "targetMilliseconds": choice.target_milliseconds,
            "cloudNodePrice": format_usd(choice.cloud_price),
            "now": {
                "penaltyPerMillisecond": format_usd(choice.penalty_now),
                "edgeNodePrice": format_usd(choice.price_now),
                **_choice(choice.now),
            },
            "penaltiesPerMillisecond": [format_usd(one) for one in choice.penalties],
            "edgeNodePrices": [format_usd(one) for one in choice.prices],
            "choices": [[_choice(one) for one in row] for row in choice.choices],
            "penaltyBorders": _borders(choice.penalty_borders),
            "priceBorders": _borders(choice.price_borders),
        },
    }


def _use(one: Use) -> dict[str, float | None]:
    return {
        "used": one.used,
        "requested": one.requested,
        "allocatable": one.allocatable,
        "ofRequested": one.of_requested,
        "ofAllocatable": one.of_allocatable,
    }


def _choice(one: Choice) -> dict[str, int]:
    return {"cloud": one.cloud, "edge": one.edge, "waiting": one.waiting}


def _borders(found: Sequence[Border]) -> list[dict[str, Any]]:
    return [
        {"at": format_usd(one.at), "below": _choice(one.below), "above": _choice(one.above)} for one in found
    ]
