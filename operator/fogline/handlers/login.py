"""How kopf reaches the API server: the way that the rest of the operator does."""

from typing import Any

import kopf

from fogline.cluster.connection import Connection


def register(registry: kopf.OperatorRegistry, connection: Connection) -> None:
    """Let kopf log in with our connection; it asks again when its token is refused."""

    async def login(**_kwargs: Any) -> kopf.ConnectionInfo:
        authorization = connection.authorization() if connection.authorization else None
        scheme, _, token = (authorization or "").partition(" ")
        return kopf.ConnectionInfo(
            server=connection.server,
            ca_path=connection.ca_file,
            insecure=not connection.verify,
            scheme=scheme or None,
            token=token or None,
            certificate_path=connection.certificate_file,
            private_key_path=connection.key_file,
            proxy_url=connection.proxy_url,
            default_namespace=connection.namespace,
        )

    kopf.on.login(registry=registry)(login)
