"""Files for `fogline plan`, and the command run on them."""

import json
from typing import Any

from click.testing import CliRunner, Result

from fogline.cli import main

NODES = """\
apiVersion: v1
kind: Node
metadata:
  name: cloud-1
  labels:
    fogline.dev/tier: Cloud
    fogline.dev/cost-per-hour: "0.50"
    fogline.dev/latency-ms: "40"
status:
  allocatable: {cpu: "2", memory: 8Gi, pods: "110"}
"""
MODEL = """\
apiVersion: fogline.dev/v1alpha1
kind: ModelDeployment
metadata: {name: digits, namespace: shop}
spec:
  replicas: 2
  variants:
  - name: cloud
    tier: Cloud
    runtime: TensorFlowServing
    artifact: {uri: "s3://models/digits/1"}
    resources: {requests: {cpu: "1"}}
"""
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: r-1
  namespace: shop
  labels: {fogline.dev/model: digits, fogline.dev/variant: cloud}
spec:
  nodeName: cloud-1
  containers: [{name: server, resources: {requests: {cpu: "1"}}}]
"""
CHEAP_NODE = NODES.replace("cloud-1", "cloud-2").replace("0.50", "0.25")


def run_plan(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["plan", *arguments], input=stdin)


def planned(*arguments: str, stdin: str | None = None) -> Any:
    result = run_plan(*arguments, "-o", "json", stdin=stdin)
    assert result.stderr == ""
    return json.loads(result.stdout)
