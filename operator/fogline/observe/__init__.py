"""From live objects to the values that decisions are made on.

`fogline.observe.reflectors` is imported by its full name: it alone brings the client of the API server,
which a command that reads files does without.
"""

from fogline.observe.known_nodes import KnownNodes, KnownProfile
from fogline.observe.marks import is_marked
from fogline.observe.models import Models
from fogline.observe.moves import leave, moves
from fogline.observe.nodes import to_node
from fogline.observe.owned import (
    Owned,
    is_replacing_templates,
    is_rolling,
    model_key,
    owned,
    refused_pods,
    surge,
)
from fogline.observe.pods import to_pod, to_replica
from fogline.observe.profiles import Profile, Profiles, to_profile
from fogline.observe.requests import pod_requests
from fogline.observe.rollouts import variant_states
from fogline.observe.seen import SeenPod, seen_pod
from fogline.observe.stand_ins import link_of
from fogline.observe.standings import Standing, standings
from fogline.observe.view import Role, View, assumed_pod, snapshot

__all__ = [
    "KnownNodes",
    "KnownProfile",
    "Models",
    "Owned",
    "Profile",
    "Profiles",
    "Role",
    "SeenPod",
    "Standing",
    "View",
    "assumed_pod",
    "is_marked",
    "is_replacing_templates",
    "is_rolling",
    "leave",
    "link_of",
    "model_key",
    "moves",
    "owned",
    "pod_requests",
    "refused_pods",
    "seen_pod",
    "snapshot",
    "standings",
    "surge",
    "to_node",
    "to_pod",
    "to_profile",
    "to_replica",
    "variant_states",
]
