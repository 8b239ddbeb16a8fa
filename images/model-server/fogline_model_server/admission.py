"""Which gRPC calls get in at all: what both gRPC front ends ask before they answer."""

import ipaddress
from urllib.parse import unquote

from fogline_model_server.errors import Code, ServingError
from fogline_model_server.serving import Serving

RELOAD = "tensorflow.serving.ModelService/HandleReloadConfigRequest"


def admit(serving: Serving, method: str, peer: str) -> None:
    """Refuse a call that must not be answered.

    Parameters
    ----------
    method
        ``package.Service/Method``.
    peer
        As gRPC writes it: ``ipv4:10.0.0.7:4711``, ``ipv6:[::1]:4711`` or ``unix:``.

    Raises
    ------
    ServingError
        PERMISSION_DENIED: the peer may not do this.

    """
    if method == RELOAD and not serving.options.reload_from_anywhere and not is_local(peer):
        raise ServingError(
            Code.PERMISSION_DENIED,
            "HandleReloadConfigRequest is answered for clients on the same machine only; "
            "--reload_config_peers=any of the server changes that.",
        )


def is_local(peer: str) -> bool:
    """Tell whether a peer is on this machine."""
    kind, _, rest = unquote(peer).partition(":")
    if kind in ("unix", "unix-abstract"):
        return True
    address = rest.rpartition(":")[0].strip("[]").partition("%")[0]
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback
