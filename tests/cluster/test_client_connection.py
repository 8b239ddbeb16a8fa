"""Connections: inside a pod, by kubeconfig, with tokens that change."""

import base64
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from dev import libyaml
from dev.controlplane import ControlPlane
from tests.support.kubectl import Kubectl

from fogline.cluster import connection as module
from fogline.cluster.client import Client
from fogline.cluster.connection import TokenFile, default, from_kubeconfig, in_cluster
from fogline.cluster.kinds import NAMESPACES
from fogline.errors import ApiError, BadInputError


@pytest.fixture
def service_account(control_plane: ControlPlane, kubectl: Kubectl, namespace: str, tmp_path: Path) -> Path:
    """Lay out the files that a kubelet mounts into a pod of a service account."""
    config = libyaml.load(control_plane.kubeconfig.read_text())
    authority = Path(config["clusters"][0]["cluster"]["certificate-authority"])
    (tmp_path / "ca.crt").write_bytes(authority.read_bytes())
    kubectl("create", "serviceaccount", "fogline", f"--namespace={namespace}")
    (tmp_path / "token").write_text(kubectl("create", "token", "fogline", f"--namespace={namespace}"))
    (tmp_path / "namespace").write_text(namespace)
    return tmp_path


def environment_of(control_plane: ControlPlane) -> dict[str, str]:
    """Set what a kubelet sets in each container."""
    address = urlsplit(control_plane.server)
    return {"KUBERNETES_SERVICE_HOST": str(address.hostname), "KUBERNETES_SERVICE_PORT": str(address.port)}


async def test_in_a_pod_the_service_account_is_used(
    control_plane: ControlPlane, service_account: Path, namespace: str
) -> None:
    connection = in_cluster(service_account, environment_of(control_plane))
    assert connection.namespace == namespace
    async with Client(connection) as client:
        with pytest.raises(ApiError, match=f"system:serviceaccount:{namespace}:fogline") as caught:
            await client.get(NAMESPACES, None, "kube-system")
    assert caught.value.status == 403


def test_outside_a_pod_the_error_names_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="KUBERNETES_SERVICE_HOST"):
        in_cluster(tmp_path, {})


def test_an_ipv6_address_is_put_in_brackets(service_account: Path) -> None:
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    assert in_cluster(service_account, environment).server == "https://[fd00::1]:443"


def test_a_token_is_read_anew_after_a_minute(tmp_path: Path) -> None:
    now = 0.0
    file = tmp_path / "token"
    file.write_text("first\n")
    token = TokenFile(file, clock=lambda: now)
    assert token() == "Bearer first"
    file.write_text("second\n")
    now = 59
    assert token() == "Bearer first"
    now = 60
    assert token() == "Bearer second"


async def test_a_kubeconfig_with_embedded_certificates_connects(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    config = libyaml.load(control_plane.kubeconfig.read_text())
    embed(config["clusters"][0]["cluster"], "certificate-authority")
    embed(config["users"][0]["user"], "client-certificate")
    embed(config["users"][0]["user"], "client-key")
    config["contexts"][0]["context"]["namespace"] = "models"
    file = write(tmp_path, config)
    connection = from_kubeconfig(file, config["current-context"])
    assert connection.namespace == "models"
    async with Client(connection) as client:
        assert (await client.get(NAMESPACES, None, "default"))["metadata"]["name"] == "default"


def test_a_token_in_a_kubeconfig_becomes_the_authorization(tmp_path: Path) -> None:
    connection = from_kubeconfig(write(tmp_path, kubeconfig(user={"token": "secret"})))
    assert connection.authorization is not None
    assert connection.authorization() == "Bearer secret"
    assert connection.server == "https://api.example"


def test_ways_around_the_servers_name_and_address_are_kept(tmp_path: Path) -> None:
    cluster = {"tls-server-name": "kubernetes", "proxy-url": "http://proxy.example:3128"}
    connection = from_kubeconfig(write(tmp_path, kubeconfig(cluster=cluster)))
    assert connection.tls_server_name == "kubernetes"
    assert connection.proxy_url == "http://proxy.example:3128"
    assert connection.verify


@pytest.mark.parametrize("context", ["nobody", None])
def test_a_kubeconfig_that_cannot_be_used_is_bad_input(tmp_path: Path, context: str | None) -> None:
    file = write(tmp_path, kubeconfig()) if context else tmp_path / "missing"
    with pytest.raises(BadInputError, match="the kubeconfig cannot be used"):
        from_kubeconfig(file, context)


def test_without_its_library_the_error_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(BadInputError, match="pip install kubernetes"):
        from_kubeconfig(tmp_path / "any")


def test_a_service_account_goes_before_a_kubeconfig(
    control_plane: ControlPlane, service_account: Path, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment_of(control_plane).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(module, "SERVICE_ACCOUNT", service_account)
    assert default().namespace == namespace


Config = dict[str, Any]


def kubeconfig(
    cluster: dict[str, str] | None = None, user: dict[str, str] | None = None
) -> dict[str, object]:
    """Write a kubeconfig of one context."""
    return {
        "current-context": "one",
        "contexts": [{"name": "one", "context": {"cluster": "one", "user": "one"}}],
        "clusters": [{"name": "one", "cluster": {"server": "https://api.example", **(cluster or {})}}],
        "users": [{"name": "one", "user": user or {}}],
    }


def write(folder: Path, config: Config) -> Path:
    """Write a kubeconfig to a file."""
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return file


def embed(entry: Config, field: str) -> None:
    """Replace the path of a file by what it holds."""
    entry[f"{field}-data"] = base64.b64encode(Path(entry.pop(field)).read_bytes()).decode()
