"""Client sites: how the replicas of a model are split among them."""

from collections.abc import Mapping
from fractions import Fraction

from fogline.placement.demand import Demand


def split_by_site(demand: Demand) -> dict[str | None, int]:
    """Split the wanted replicas by weight.

    Each client site gets the whole part of its share; what is left goes one by one to the largest remainders
    (Hamilton's method), and to the site that the user names first where they are equal.
    """
    total = sum(client.weight for client in demand.clients)
    shares = {client.site: Fraction(demand.replicas * client.weight, total) for client in demand.clients}
    split = {site: int(share) for site, share in shares.items()}
    left = demand.replicas - sum(split.values())
    for site in sorted(shares, key=lambda site: split[site] - shares[site])[:left]:
        split[site] += 1
    return split


def missing_by_site(demand: Demand, held: Mapping[str | None, int], missing: int) -> list[str | None]:
    """Tell for which client sites the missing replicas are, the site that lacks most first.

    Parameters
    ----------
    held
        Replicas that each client site has.
    missing
        How many replicas are to be placed. Where other sites have more than their share, this is less than
        the sites lack together.
    """
    if missing <= 0:
        return []
    lacks = {site: wanted - held.get(site, 0) for site, wanted in split_by_site(demand).items()}
    order: list[str | None] = []
    for _ in range(missing):
        site = max(lacks, key=lambda site: lacks[site])
        lacks[site] -= 1
        order.append(site)
    return order
