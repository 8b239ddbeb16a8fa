"""Which network addresses an artifact may come from.

Private ranges are allowed: a model store often lives in the same cluster. Refused is what can only be this
pod, this machine, or the metadata service of a cloud, which hands out credentials to whoever asks.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

METADATA_ADDRESSES = frozenset(
    map(
        ip_address,
        (
            "100.100.100.200",  # Alibaba Cloud
            "168.63.129.16",  # Azure
            "192.0.0.192",  # Oracle Cloud, older machines
            "fd00:ec2::254",  # Amazon Web Services
            "fd20:ce::254",  # Google Cloud
        ),
    )
)
"""Metadata services that do not answer at a link-local address."""

_EMBEDDING = tuple(map(ip_network, ("64:ff9b::/96", "::/96")))
"""IPv6 networks whose last 32 bits are an IPv4 address: NAT64, and the oldest of all notations."""


def is_refused(address: str, allowed: Iterable[Network] = ()) -> bool:
    """Say whether no artifact may come from this address.

    Parameters
    ----------
    address
        As the resolver returned it; an IPv6 zone (``%eth0``) is ignored.
    allowed
        Networks that are allowed in any case.
    """
    parsed = ip_address(address.partition("%")[0])
    if any(parsed in network for network in allowed):
        return False
    return any(map(_is_dangerous, (parsed, *_embedded(parsed))))


def _is_dangerous(address: IPv4Address | IPv6Address) -> bool:
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address.is_multicast
        or address == ip_address("255.255.255.255")
        or address in ip_network("0.0.0.0/8")
        or address in METADATA_ADDRESSES
    )


def _embedded(address: IPv4Address | IPv6Address) -> Iterable[IPv4Address]:
    """Return the IPv4 addresses that an IPv6 address can stand for."""
    if isinstance(address, IPv4Address):
        return ()
    teredo = address.teredo or ()
    last = [IPv4Address(int(address) & 0xFFFFFFFF)] if any(address in net for net in _EMBEDDING) else []
    plain = [found for found in (address.ipv4_mapped, address.sixtofour) if found is not None]
    return (*plain, *teredo, *last)
