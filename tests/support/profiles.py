"""NodeProfiles for tests, as documents, as the API server hands them out, and as placement reads them."""

from collections.abc import Mapping
from typing import Any

import msgspec
from hypothesis import strategies as st
from tests.support.live import SETTINGS, make_live_node

from fogline import snapshot
from fogline.api import parse_node_profile
from fogline.cluster import objects
from fogline.names import MEASURED_LABEL
from fogline.observe import Profile, Profiles, to_node, to_profile

Document = dict[str, Any]


def profile_document(name: str, node_selector: Mapping[str, str], **facts: Any) -> Document:
    """Make the manifest of a NodeProfile.

    Parameters
    ----------
    facts
        Fields of the spec in camelCase.
    """
    return {
        "apiVersion": "fogline.dev/v1alpha1",
        "kind": "NodeProfile",
        "metadata": {"name": name},
        "spec": {"nodeSelector": dict(node_selector), **facts},
    }


def make_profile(name: str, node_selector: Mapping[str, str], **facts: Any) -> Profile:
    """Make a profile as placement reads it."""
    return to_profile(parse_node_profile(profile_document(name, node_selector, **facts), strict=True))


def measured_profile(name: str, node_selector: Mapping[str, str], **facts: Any) -> Profile:
    """Make one that has the label of those that the collector writes."""
    document = profile_document(name, node_selector, **facts)
    document["metadata"]["labels"] = {MEASURED_LABEL: "true"}
    return to_profile(parse_node_profile(document, strict=True))


def make_live_profile(
    name: str, node_selector: Mapping[str, str], *, status: Any = None, **facts: Any
) -> objects.NodeProfile:
    """Make a NodeProfile as the API server hands it out."""
    document = profile_document(name, node_selector, **facts)
    meta = {"name": name, "uid": f"uid-of-{name}", "generation": 1, "resourceVersion": "5"}
    return msgspec.convert({**document, "metadata": meta, "status": status}, objects.NodeProfile)


def node_with(labels: Mapping[str, str], *profiles: Profile) -> snapshot.Node:
    """Read a node as placement sees it when these profiles exist."""
    return to_node(make_live_node(labels=labels), SETTINGS, Profiles(profiles).of(labels))


LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"))


@st.composite
def profiles(draw: st.DrawFn) -> list[Profile]:
    """Draw profiles that often meet on a node, and often say different things."""
    names = draw(st.lists(st.sampled_from("pqrstu"), unique=True, max_size=6))
    found = []
    for name in names:
        facts = draw(
            st.fixed_dictionaries(
                {"costPerHour": st.sampled_from(["0", "1", "2"])},
                optional={
                    "billing": st.sampled_from(["Node", "Share"]),
                    "capacityShare": st.sampled_from(["0.5", "1"]),
                    "latency": st.sampled_from(
                        [[{"milliseconds": 1}], [{"clientSite": "x", "milliseconds": 2}]]
                    ),
                },
            )
        )
        found.append(make_profile(name, draw(LABELS), **facts))
    return found
