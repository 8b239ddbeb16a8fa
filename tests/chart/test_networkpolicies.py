"""What the network lets through to our pods and from them."""

from typing import Any

from tests.support.chart import named, rendered


def policies(values: dict[str, Any] | None = None) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (one["metadata"]["namespace"], one["metadata"]["name"]): one["spec"]
        for one in rendered(values)
        if one["kind"] == "NetworkPolicy"
    }


def ports(rules: list[dict[str, Any]]) -> set[int]:
    return {one["port"] for rule in rules for one in rule["ports"]}


def test_our_processes_reach_the_api_server_dns_and_the_operator_workers_and_serve_metrics_alone() -> None:
    found = policies({"collector": {"enabled": False}})
    assert {name for _, name in found} == {"fogline-operator", "fogline-janitor"}
    for (_, name), policy in found.items():
        pod = named(rendered(), "Deployment", name)["spec"]["template"]
        assert policy["podSelector"]["matchLabels"] == pod["metadata"]["labels"]
        assert policy["policyTypes"] == ["Ingress", "Egress"]
        assert ports(policy["ingress"]) == {8080}
        workers = {8080} if name == "fogline-operator" else set()
        assert ports(policy["egress"]) == {443, 6443, 53} | workers


def test_values_name_the_api_server_and_who_reads_metrics() -> None:
    prometheus = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    values = {"apiServer": {"cidrs": ["10.0.0.1/32"], "ports": [6443]}, "metricsFrom": [prometheus]}
    policy = policies({"networkPolicies": values})["fogline-system", "fogline-operator"]
    assert policy["egress"][0] == {
        "ports": [{"protocol": "TCP", "port": 6443}],
        "to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}],
    }
    assert prometheus in policy["ingress"][0]["from"]
    assert {"namespaceSelector": {}} not in policy["ingress"][0]["from"]


def test_models_are_asked_by_chosen_namespaces_alone_where_a_value_says_so() -> None:
    models = {"namespaces": ["models"], "clientNamespaces": ["shop"]}
    policy = policies({"networkPolicies": {"models": models}})["models", "fogline-models"]
    assert policy["policyTypes"] == ["Ingress"]
    assert ports(policy["ingress"]) == {8500, 8501}
    own, collector, clients = policy["ingress"][0]["from"]
    assert own == {"podSelector": {}}
    assert collector["podSelector"]["matchExpressions"][0]["values"] == ["fogline-collector", "fogline-probe"]
    assert clients["namespaceSelector"]["matchExpressions"][0]["values"] == ["shop"]


MODELS = {
    "namespaceSelector": {},
    "podSelector": {"matchExpressions": [{"key": "fogline.dev/model", "operator": "Exists"}]},
}
OPERATOR = {"app.kubernetes.io/name": "fogline-operator"}
COLLECTOR = {"app.kubernetes.io/name": "fogline-collector"}
PROBED = {
    "probeTokenSecret": "fogline-probe",
    "probes": [{"clientSite": "plant-a", "nodeSelector": {"topology.kubernetes.io/zone": "a"}}],
}


def test_the_collector_reaches_the_rest_port_of_models_besides_and_serves_figures() -> None:
    policy = policies()["fogline-system", "fogline-collector"]
    assert ports(policy["ingress"]) == {8080, 8081}
    assert ports(policy["egress"]) == {443, 6443, 53, 8501}
    (to_models,) = (rule for rule in policy["egress"] if ports([rule]) == {8501})
    assert to_models["to"] == [MODELS]


def test_values_name_who_may_read_figures() -> None:
    reader = {"podSelector": {"matchLabels": {"app": "reader"}}}
    policy = policies({"networkPolicies": {"figuresFrom": [reader]}})["fogline-system", "fogline-collector"]
    (figures,) = (rule for rule in policy["ingress"] if ports([rule]) == {8081})
    assert figures["from"] == [reader, {"podSelector": {"matchLabels": OPERATOR}}]


def test_the_operator_asks_the_collector_for_figures_and_nobody_else() -> None:
    egress = policies()["fogline-system", "fogline-operator"]["egress"]
    (to_collector,) = (rule for rule in egress if ports([rule]) == {8081})
    assert to_collector["to"] == [{"podSelector": {"matchLabels": COLLECTOR}}]


def test_a_probe_is_asked_by_the_collector_alone_and_reaches_model_servers_alone() -> None:
    found = policies({"collector": PROBED})
    policy = found["fogline-system", "fogline-probe"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    (asked,) = policy["ingress"]
    assert ports([asked]) == {8082}
    assert asked["from"] == [
        {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "fogline-collector"}}}
    ]
    assert [(ports([rule]), rule["to"]) for rule in policy["egress"]] == [({8501}, [MODELS])]
    assert 8082 in ports(found["fogline-system", "fogline-collector"]["egress"])


def test_a_value_leaves_them_all_out() -> None:
    values = {"enabled": False, "models": {"namespaces": ["models"]}}
    assert policies({"networkPolicies": values}) == {}
