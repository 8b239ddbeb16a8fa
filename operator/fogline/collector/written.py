"""NodeProfiles that the collector writes: one for each way from a client site to a site."""

import hashlib
import re
from datetime import datetime, timedelta
from typing import Any

import msgspec

from fogline.cluster.kinds import NODE_PROFILES
from fogline.cluster.objects import NodeProfile
from fogline.cluster.objects.metadata import Slim
from fogline.names import DECIDED_AT_FORMAT, MEASURED_LABEL, ZONE_LABEL

PREFIX = "measured-"
"""Of their names."""
MARK = "true"
"""Value of the label."""
_SLUG_CHARACTERS, _HASH_CHARACTERS = 40, 10


class _Latency(Slim, frozen=True):
    client_site: str = ""
    milliseconds: int = 0


class _Spec(Slim, frozen=True):
    node_selector: dict[str, str]
    latency: tuple[_Latency]
    valid_until: datetime


class Wrote(Slim, frozen=True):
    """What such a profile says."""

    client_site: str
    site: str
    milliseconds: int
    valid_until: datetime


def profile_name(client_site: str, site: str) -> str:
    """Name the profile of a way: readable, and another one for another way."""
    slug = re.sub("[^a-z0-9]+", "-", client_site.lower()).strip("-")[:_SLUG_CHARACTERS].strip("-")
    digest = hashlib.sha256(f"{client_site}\0{site}".encode()).hexdigest()[:_HASH_CHARACTERS]
    return PREFIX + "-".join(filter(None, (slug, digest)))


def profile(
    client_site: str, site: str, milliseconds: int, now: datetime, expiry_seconds: int
) -> dict[str, Any]:
    """Build the profile. It is about nodes of the site and about latency; it becomes stale by itself."""
    end = now + timedelta(seconds=expiry_seconds)
    return {
        "apiVersion": NODE_PROFILES.api_version,
        "kind": NODE_PROFILES.kind,
        "metadata": {"name": profile_name(client_site, site), "labels": {MEASURED_LABEL: MARK}},
        "spec": {
            "nodeSelector": {ZONE_LABEL: site},
            "latency": [{"clientSite": client_site, "milliseconds": milliseconds}],
            "validUntil": end.strftime(DECIDED_AT_FORMAT),
        },
    }


def read(live: NodeProfile) -> Wrote | None:
    """Read a profile of ours; None when somebody has made something else of it."""
    try:
        spec = msgspec.convert(live.spec, _Spec)
        site = spec.node_selector[ZONE_LABEL]
    except (msgspec.ValidationError, KeyError):
        return None
    latency = spec.latency[0]
    if live.metadata.name != profile_name(latency.client_site, site):
        return None
    return Wrote(latency.client_site, site, latency.milliseconds, spec.valid_until)
