"""An overview as plain data for programs. Money is a decimal string, as everywhere in the API."""

from typing import Any

from fogline.cli.overview.gather import Overview
from fogline.cli.plan_report import unplaceable_document
from fogline.cli.top import document as figures
from fogline.units import format_usd


def document(found: Overview) -> dict[str, Any]:
    """Write an overview as plain data."""
    return {
        "time": f"{found.at:%Y-%m-%dT%H:%M:%SZ}",
        "figures": figures(found.measured),
        "nodes": [
            {
                "name": one.name,
                "tier": one.tier.value,
                "site": one.site,
                "state": list(one.state),
                "clearance": one.clearance.value,
                "costPerHour": format_usd(one.cost_per_hour),
                "billing": one.billing.value,
                "latencyMilliseconds": one.latency_milliseconds,
                "cpuPercent": one.cpu_percent,
                "memoryPercent": one.memory_percent,
                "replicas": {str(model): count for model, count in one.replicas.items()},
            }
            for one in found.nodes
        ],
        "models": [
            {
                "model": str(one.model),
                "replicasWanted": one.wanted,
                "dataSensitivity": one.sensitivity.value,
                "state": one.state or None,
            }
            for one in found.models
        ],
        "reasoning": [
            {
                "model": str(one.model),
                "clientSite": one.client_site,
                "nodes": dict(one.nodes),
                "variants": list(one.variants),
                "costPerHour": format_usd(one.cost_per_hour),
                "worstLatencyMilliseconds": one.latency.worst,
                "here": one.here,
                "elsewhere": one.elsewhere or None,
            }
            for one in found.reasoning
        ],
        "unplaceable": [unplaceable_document(one) for one in found.missing],
        "moves": {
            "underway": [
                {
                    "model": str(model),
                    "pod": pod,
                    "from": move.source,
                    "to": move.target,
                    "reason": move.reason,
                }
                for model, pod, move in found.underway
            ],
            "ended": [
                {
                    "model": str(one.model),
                    "id": one.move.id,
                    "result": one.move.result.value,
                    "from": one.move.source,
                    "to": one.move.target,
                    "reason": one.move.reason,
                    "message": one.move.message,
                    "savingPerHour": one.move.saving_per_hour,
                    "startedAt": f"{one.move.started_at:%Y-%m-%dT%H:%M:%SZ}",
                    "seconds": one.move.seconds,
                }
                for one in found.moves
            ],
        },
    }
