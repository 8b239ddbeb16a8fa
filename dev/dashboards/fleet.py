"""The dashboard for who owns models: where replicas are, what they cost, what they reach, what moves."""

from dev.dashboards.panels import RATE, Dashboard, Panel, Row

MOVES = "a replica has moved"
REFUSED = "some replica finds no node"
SERVERS = "pods of models are scraped and get requests"
BY_MODEL = f"FOGLINE_METRICS_MODELS is set, {SERVERS}"
_OK = ':tensorflow:serving:request_count{status="OK"}'

FLEET = Dashboard(
    "Fogline: fleet",
    "Models on cloud and edge nodes: replicas, cost, latency targets, moves.",
    (
        Row(
            "Now",
            (
                Panel(
                    "Models",
                    {"models": "max(fogline_modeldeployments)"},
                    "ModelDeployments known.",
                    is_number=True,
                ),
                Panel(
                    "Models not Ready",
                    {
                        "not Ready": 'sum(fogline_modeldeployment_conditions{type="Ready",status!="True"})'
                        " or vector(0)"
                    },
                    "ModelDeployments whose condition Ready is not True.",
                    is_number=True,
                ),
                Panel(
                    "Cost per hour",
                    {"US dollars": "sum(fogline_cost_dollars_per_hour)"},
                    "What all replicas cost together, in US dollars per hour.",
                    unit="currencyUSD",
                    is_number=True,
                ),
                Panel(
                    "Latency targets met",
                    {
                        "met": 'sum(fogline_latency_target_replicas{outcome="met"})'
                        " / (sum(fogline_latency_target_replicas) > 0)"
                    },
                    "Share of the replicas with a latency target that meet it.",
                    unit="percentunit",
                    is_number=True,
                    needs="some model has a latency target",
                ),
                Panel(
                    "Data where it must not be",
                    {"replicas": "max(fogline_placement_violations)"},
                    "Replicas on nodes whose clearance is below their data sensitivity. Must be 0.",
                    is_number=True,
                ),
                Panel(
                    "Policies missing",
                    {"policies": "max(fogline_policies_missing)"},
                    "Admission policies that are gone or deny nothing. Must be 0.",
                    is_number=True,
                ),
            ),
        ),
        Row(
            "Tiers",
            (
                Panel(
                    "Replicas that serve",
                    {"{{tier}}": "sum by (tier) (fogline_replicas_ready)"},
                    "Ready replicas by tier.",
                    stacked=True,
                ),
                Panel(
                    "Replicas missing",
                    {
                        "{{tier}}": "clamp_min(sum by (tier) (fogline_replicas_desired)"
                        " - sum by (tier) (fogline_replicas_ready), 0)",
                        "gated": "sum(fogline_replicas_gated)",
                    },
                    "Replicas with a node that do not serve yet; those that wait with a gate.",
                ),
                Panel(
                    "Nodes",
                    {"{{tier}}, usable: {{usable}}": "max by (tier, usable) (fogline_nodes)"},
                    "Nodes by tier; usable ones are Ready and not cordoned.",
                    stacked=True,
                ),
            ),
        ),
        Row(
            "Cost",
            (
                Panel(
                    "Cost per hour by tier",
                    {"{{tier}}": "sum by (tier) (fogline_cost_dollars_per_hour)"},
                    "US dollars per hour, by the tier of the nodes.",
                    unit="currencyUSD",
                    stacked=True,
                ),
                Panel(
                    "Saved by moves",
                    {"per hour": "sum(fogline_moves_saved_dollars_per_hour_total)"},
                    "US dollars per hour that completed moves were to save, added up since the start.",
                    unit="currencyUSD",
                ),
                Panel(
                    "Cost of 1,000 requests",
                    {
                        "US dollars": "sum(fogline_cost_dollars_per_hour)"
                        f" / (3.6 * sum(rate({_OK}[{RATE}])) > 0)"
                    },
                    "US dollars for 1,000 requests that were answered.",
                    unit="currencyUSD",
                    needs=SERVERS,
                ),
                Panel(
                    "Cost of 1,000 requests by model",
                    {
                        "{{modeldeployment_namespace}}/{{modeldeployment}}": "topk(10,"
                        " fogline:modeldeployment_cost_dollars_per_1000_requests:rate5m)"
                    },
                    "The ten dearest models.",
                    unit="currencyUSD",
                    needs=f"{BY_MODEL}, and the recording rules are installed",
                ),
            ),
        ),
        Row(
            "Latency",
            (
                Panel(
                    "Replicas with a latency target",
                    {"{{outcome}}": "sum by (outcome) (fogline_latency_target_replicas)"},
                    "Whether the round trip from client site to node is within the target of the model.",
                    stacked=True,
                ),
                Panel(
                    "Requests",
                    {"{{status}}": f"sum by (status) (rate(:tensorflow:serving:request_count[{RATE}]))"},
                    "Requests per second to all models, by the status of the answer.",
                    unit="reqps",
                    needs=SERVERS,
                ),
                Panel(
                    "Time to answer, 99 %",
                    {
                        "{{model_name}}": "histogram_quantile(0.99, sum by (le, model_name)"
                        f" (rate(:tensorflow:serving:request_latency_bucket[{RATE}]))) / 1e6"
                    },
                    "Inside the model server: 99 of 100 requests are answered in this time.",
                    unit="s",
                    needs=SERVERS,
                ),
            ),
        ),
        Row(
            "Moves",
            (
                Panel(
                    "Moves that ended",
                    {"{{result}} {{reason}}": "sum by (result, reason) (fogline_moves_total)"},
                    "Moves since the operator started, by result and reason.",
                    stacked=True,
                    needs=MOVES,
                ),
                Panel(
                    "Moves now",
                    {
                        "running": "max(fogline_moves_active)",
                        "held: {{reason}}": "sum by (reason) (fogline_moves_held)",
                    },
                    "Moves that run, and those that wait, by what they wait for.",
                ),
                Panel(
                    "Duration of moves",
                    {
                        f"{part:.0%}": f"histogram_quantile({part},"
                        f" sum by (le) (rate(fogline_move_seconds_bucket[{RATE}])))"
                        for part in (0.5, 0.95)
                    },
                    "From the mark on the old replica until it stopped serving.",
                    unit="s",
                    needs=MOVES,
                ),
                Panel(
                    "Cost above the best possible",
                    {"gap": "max(fogline_cost_gap_ratio)"},
                    "How far the replicas were above a cost that no plan can beat when planned last.",
                    unit="percentunit",
                    needs="all models were planned together, while the cluster was quiet",
                ),
            ),
        ),
        Row(
            "Why not",
            (
                Panel(
                    "Refused nodes",
                    {"{{reason}}": f"sum by (reason) (rate(fogline_rejections_total[{RATE}]))"},
                    "Nodes that were refused per second, in decisions that found no node, by reason.",
                    stacked=True,
                    needs=REFUSED,
                ),
                Panel(
                    "Conditions that are not as they should be",
                    {
                        "{{type}}: {{reason}}": "sum by (type, reason) (fogline_modeldeployment_conditions{"
                        'status!="True",type=~"Accepted|Placed|ArtifactReady|Ready|PolicyCompliant'
                        '|LatencyTargetMet|WithinCostLimit"})'
                    },
                    "ModelDeployments by condition and reason.",
                    stacked=True,
                    needs="some model is not as it should be",
                ),
            ),
        ),
    ),
)
