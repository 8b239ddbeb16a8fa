"""The dashboard of what is measured: what model servers do by tier, site, node and version, and trainings."""

from collections.abc import Sequence

from dev.dashboards.panels import RATE, Dashboard, Panel, Row

ASKED = "models get requests"
BY_NODE = "FOGLINE_METRICS_NODES of the collector is set"
BY_MODEL = "FOGLINE_METRICS_MODELS of the collector is set"
PROBED = f"there are probes, and {BY_NODE}"
TRIED = "a new version is tried with samples"
TRAINED = "a run of a ModelTraining has ended"
VERSION = "{{modeldeployment}} {{variant}} {{version}} {{revision}}"


def _latency(prefix: str, group: str, quantiles: Sequence[str]) -> dict[str, str]:
    return {
        f"{group} {float(one):.0%}": f'fogline_collector_{prefix}latency_seconds{{quantile="{one}"}}'
        for one in quantiles
    }


def _traffic(prefix: str, group: str, needs: str) -> tuple[Panel, ...]:
    """Show requests, errors and the slowest requests of each of some groups."""
    return (
        Panel(
            "Requests",
            {group: f"fogline_collector_{prefix}requests_per_second"},
            "Requests for inference per second.",
            unit="reqps",
            stacked=True,
            needs=needs,
        ),
        Panel(
            "Errors",
            {group: f"fogline_collector_{prefix}error_ratio"},
            "Share of requests that ended with another status than OK.",
            unit="percentunit",
            needs=f"{needs}, with requests",
        ),
        Panel(
            "Time to answer, 99 %",
            _latency(prefix, group, ["0.99"]),
            "Inside the model server: 99 of 100 requests are answered in this time.",
            unit="s",
            needs=f"{needs}, with requests",
        ),
    )


MEASURED = Dashboard(
    "Fogline: measured",
    "What the collector measures of models in the last five minutes, and what trainings do.",
    (
        Row(
            "The collector",
            (
                Panel(
                    "Model servers",
                    {"{{state}}": "sum by (state) (fogline_collector_pods)"},
                    "Pods of models: answering, silent, or left out because there are too many.",
                    is_number=True,
                ),
                Panel(
                    "Figures cover",
                    {"seconds": "max(fogline_collector_covered_seconds)"},
                    "How much of its window the collector has seen: less after a restart.",
                    unit="s",
                    is_number=True,
                ),
                Panel(
                    "Round is late by",
                    {"seconds": "max(fogline_collector_late_seconds)"},
                    "For how long a round of scrapes should have ended.",
                    unit="s",
                    is_number=True,
                ),
                Panel(
                    "Canaries without figures",
                    {
                        "models": "sum(fogline_modeldeployment_conditions"
                        '{type="RolledOut",reason="FiguresMissing"}) or vector(0)'
                    },
                    "ModelDeployments that try a new version which nobody measures.",
                    is_number=True,
                ),
            ),
        ),
        Row(
            "Scrapes",
            (
                Panel(
                    "Duration of a round",
                    {
                        f"{part:.0%}": f"histogram_quantile({part},"
                        f" sum by (le) (rate(fogline_collector_round_seconds_bucket[{RATE}])))"
                        for part in (0.5, 0.99)
                    },
                    "All model servers are asked once in a round.",
                    unit="s",
                ),
                Panel(
                    "Scrapes by result",
                    {"{{result}}": f"sum by (result) (rate(fogline_collector_scrapes_total[{RATE}]))"},
                    "Per second: Read, or why the page was not used.",
                    stacked=True,
                ),
            ),
        ),
        Row(
            "By tier",
            (
                Panel(
                    "Requests",
                    {"{{tier}}": "fogline_collector_requests_per_second"},
                    "Requests for inference per second.",
                    unit="reqps",
                    stacked=True,
                    needs=ASKED,
                ),
                Panel(
                    "Errors",
                    {"{{tier}}": "fogline_collector_error_ratio"},
                    "Share of requests that ended with another status than OK.",
                    unit="percentunit",
                    needs=ASKED,
                ),
                Panel(
                    "Time to answer",
                    _latency("", "{{tier}}", ["0.5", "0.9", "0.99"]),
                    "Inside the model server: half, 90 and 99 of 100 requests are answered in this time.",
                    unit="s",
                    needs=ASKED,
                ),
                Panel(
                    "Use of what pods request",
                    {
                        "{{tier}} processor": "fogline_collector_cpu_utilisation_ratio",
                        "{{tier}} memory": "fogline_collector_memory_utilisation_ratio",
                    },
                    "Used / total: cores and resident memory of model servers, of what their pods request.",
                    unit="percentunit",
                    needs="model servers say what they use",
                ),
            ),
        ),
        Row("By site", _traffic("site_", "{{site}}", BY_NODE)),
        Row(
            "By version",
            (
                *_traffic("revision_", VERSION, BY_MODEL),
                Panel(
                    "Answers alike",
                    {VERSION: "fogline_collector_revision_agreement_ratio"},
                    "Share of the samples that a new version answered as the old one did.",
                    unit="percentunit",
                    needs=TRIED,
                ),
            ),
        ),
        Row(
            "By node",
            (
                Panel(
                    "Processor",
                    {"{{node}}": "fogline_collector_node_cpu_utilisation_ratio"},
                    "Used / total: cores that model servers use, of what is allocatable on the node.",
                    unit="percentunit",
                    needs=BY_NODE,
                ),
                Panel(
                    "Memory",
                    {"{{node}}": "fogline_collector_node_memory_utilisation_ratio"},
                    "Used / total: resident memory of model servers, of what is allocatable on the node.",
                    unit="percentunit",
                    needs=BY_NODE,
                ),
            ),
        ),
        Row(
            "Probes",
            (
                Panel(
                    "Round trips",
                    {
                        "{{client_site}} to {{site}}": "fogline_collector_round_trip_seconds",
                        "{{client_site}} to {{site}}, as decisions count it": (
                            "fogline_collector_round_trip_written_seconds"
                        ),
                    },
                    "As measured by the last round, and as the measured NodeProfile says.",
                    unit="s",
                    needs=PROBED,
                ),
                Panel(
                    "Ways",
                    {"{{state}}": "sum by (state) (fogline_collector_ways)"},
                    "From a client site to a site: measured, or not reached by the last round.",
                    stacked=True,
                ),
                Panel(
                    "Changes and failures",
                    {
                        "latencies written": "sum(fogline_collector_latencies_written_total)",
                        "rounds that failed": "sum(fogline_collector_probe_failures_total)",
                    },
                    "Since the collector started.",
                ),
            ),
        ),
        Row(
            "Trainings",
            (
                Panel(
                    "ModelTrainings",
                    {"{{reason}}": "sum by (reason) (fogline_modeltrainings)"},
                    "By the reason why their last run is complete or not.",
                    stacked=True,
                    needs="there are ModelTrainings",
                ),
                Panel(
                    "Samples",
                    {"samples": "sum(fogline_training_samples_per_second)"},
                    "That all trainings together train on per second.",
                ),
                Panel(
                    "Workers",
                    {"workers": "sum(fogline_training_workers)"},
                    "That train and say how far they are.",
                ),
                Panel(
                    "Runs that ended",
                    {"{{reason}}": "sum by (reason) (fogline_training_runs_total)"},
                    "Since the operator started: RunPublished, or why not.",
                    stacked=True,
                ),
                Panel(
                    "Duration of runs, half of them",
                    {
                        "50%": "histogram_quantile(0.5,"
                        " sum by (le) (increase(fogline_training_run_seconds_bucket[1d])))"
                    },
                    "From the beginning of a run to its end, well or not, of the last day.",
                    unit="s",
                    needs=TRAINED,
                ),
            ),
        ),
    ),
)
