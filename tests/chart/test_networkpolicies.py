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


def test_the_operator_and_the_janitor_reach_the_api_server_and_dns_and_serve_metrics_alone() -> None:
    found = policies()
    assert {name for _, name in found} == {"fogline-operator", "fogline-janitor"}
    for (_, name), policy in found.items():
        pod = named(rendered(), "Deployment", name)["spec"]["template"]
        assert policy["podSelector"]["matchLabels"] == pod["metadata"]["labels"]
        assert policy["policyTypes"] == ["Ingress", "Egress"]
        assert ports(policy["ingress"]) == {8080}
        assert ports(policy["egress"]) == {443, 6443, 53}


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
    own, clients = policy["ingress"][0]["from"]
    assert own == {"podSelector": {}}
    assert clients["namespaceSelector"]["matchExpressions"][0]["values"] == ["shop"]


def test_a_value_leaves_them_all_out() -> None:
    values = {"enabled": False, "models": {"namespaces": ["models"]}}
    assert policies({"networkPolicies": values}) == {}
