"""The dashboard for who runs the operator: who leads, how fast it is, what it asks of the API server."""

from collections.abc import Sequence

from dev.dashboards.panels import RATE, Dashboard, Panel, Row


def _quantiles(metric: str, parts: Sequence[float] = (0.5, 0.99), by: str = "") -> dict[str, str]:
    labels = f"le, {by}" if by else "le"
    legend = f" {{{{{by}}}}}" if by else ""
    return {
        f"{part:.0%}{legend}": f"histogram_quantile({part},"
        f" sum by ({labels}) (rate({metric}_bucket[{RATE}])))"
        for part in parts
    }


OPERATOR = Dashboard(
    "Fogline: operator",
    "The operator and the janitor: who leads, how fast decisions are, what the API server is asked for.",
    (
        Row(
            "Who decides",
            (
                Panel(
                    "Leaders",
                    {"leading": "sum(fogline_leading)"},
                    "Operators that decide: 1, but for a moment during a change.",
                    is_number=True,
                ),
                Panel(
                    "Lease not renewed for",
                    {"seconds": "max(fogline_lease_unrenewed_seconds)"},
                    "Time since the leader renewed its Lease.",
                    unit="s",
                    is_number=True,
                ),
                Panel(
                    "View in doubt",
                    {"troubled": "max(fogline_view_troubled)"},
                    "1 while nothing is decided because the view of the cluster may be wrong.",
                    is_number=True,
                ),
                Panel(
                    "Operator absent for",
                    {"seconds": "max(fogline_janitor_operator_absent_seconds)"},
                    "As the janitor sees it; it lets pods go after 120 s.",
                    unit="s",
                    is_number=True,
                ),
                Panel(
                    "Versions",
                    {"{{version}}": "count by (version) (fogline_build_info)"},
                    "Processes by version.",
                    is_number=True,
                ),
            ),
        ),
        Row(
            "Decisions",
            (
                Panel(
                    "Gate to pin",
                    _quantiles("fogline_gate_to_pin_seconds"),
                    "From seeing a gated pod to its node being written.",
                    unit="s",
                    needs="pods were placed",
                ),
                Panel(
                    "Gated pods decided",
                    {"{{result}}": f"sum by (result) (rate(fogline_decisions_total[{RATE}]))"},
                    "Per second, by result.",
                    stacked=True,
                ),
                Panel(
                    "Pass over a model",
                    _quantiles("fogline_reconcile_seconds"),
                    "Duration of the writes of one pass.",
                    unit="s",
                ),
                Panel(
                    "Models that wait",
                    {"{{loop}}": "max by (loop) (fogline_models_waiting)"},
                    "For their turn in each loop.",
                ),
                Panel(
                    "Failures",
                    {
                        "passes": f"sum(rate(fogline_reconcile_failures_total[{RATE}]))",
                        "mistakes in {{part}}": f"sum by (part) (rate(fogline_model_errors_total[{RATE}]))",
                    },
                    "Passes that the API server refused, and mistakes of Fogline, per second.",
                ),
            ),
        ),
        Row(
            "API server",
            (
                Panel(
                    "Requests",
                    {
                        "{{verb}} {{resource}}": "sum by (verb, resource)"
                        f" (rate(fogline_api_requests_total[{RATE}]))"
                    },
                    "Per second, each try; kopf's own watch is not among them.",
                    unit="reqps",
                    stacked=True,
                ),
                Panel(
                    "Requests that were not answered well",
                    {
                        "{{code}} {{verb}} {{resource}}": "sum by (code, verb, resource)"
                        f' (rate(fogline_api_requests_total{{code!="2xx"}}[{RATE}]))'
                    },
                    "A few 4xx are usual: objects change while we write.",
                    unit="reqps",
                    needs="some request was refused",
                ),
                Panel(
                    "Time to answer, 99 %",
                    _quantiles("fogline_api_request_seconds", (0.99,), "verb"),
                    "By HTTP method, watches aside.",
                    unit="s",
                ),
                Panel(
                    "Waiting for our own rate, 99 %",
                    _quantiles("fogline_api_wait_seconds", (0.99,), "lane"),
                    "How long requests wait before they leave; decisions do not wait for others.",
                    unit="s",
                ),
                Panel(
                    "Watches silent for",
                    {"{{resource}}": "max by (resource) (fogline_view_silent_seconds)"},
                    "API servers send a sign of life every minute; decisions stop after 90 s.",
                    unit="s",
                ),
            ),
        ),
        Row(
            "Processes",
            (
                Panel(
                    "Memory",
                    {"{{instance}}": "process_resident_memory_bytes and on (instance) fogline_build_info"},
                    "Resident memory of operators and janitor.",
                    unit="bytes",
                ),
                Panel(
                    "Processor",
                    {
                        "{{instance}}": f"rate(process_cpu_seconds_total[{RATE}])"
                        " and on (instance) fogline_build_info"
                    },
                    "Cores in use.",
                ),
                Panel(
                    "Janitor at work",
                    {
                        "gates opened": "sum(fogline_janitor_gates_opened_total)",
                        "budgets loosened": "sum(fogline_janitor_budgets_loosened_total)",
                        "failed pods removed": "sum(fogline_janitor_failed_pods_removed_total)",
                    },
                    "Since it started; 0 as long as an operator is there.",
                ),
                Panel(
                    "NodeProfiles",
                    {"{{reason}}": "sum by (reason) (fogline_nodeprofiles)"},
                    "By the reason why they take effect or not.",
                    stacked=True,
                    needs="there are NodeProfiles",
                ),
            ),
        ),
    ),
)
