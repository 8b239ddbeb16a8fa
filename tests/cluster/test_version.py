"""The version of the cluster."""

from dev.versions import KUBERNETES

from fogline.cluster.client import Client
from fogline.cluster.version import Version


async def test_the_version_of_the_api_server_is_read(client: Client) -> None:
    major, minor, _ = KUBERNETES.removeprefix("v").split(".")
    assert await client.version() == Version(int(major), int(minor))
