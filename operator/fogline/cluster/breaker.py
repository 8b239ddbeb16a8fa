"""When a list is so much shorter than what was there before that it is not believed at once."""

MOST_LOST = 2
"""So many may be gone at any time: small clusters lose a rack, users delete a few models."""
MOST_LOST_PARTS = 3
"""One part of so many may be gone. What empties a cluster faster than that between two lists is rarer than an
API server that answers from a store that is behind or was restored: kube-controller-manager slows its
evictions down at the same order of magnitude (--unhealthy-zone-threshold, 0.55)."""


def is_suspicious(before: int, after: int) -> bool:
    """Tell whether a list of `after` objects must be confirmed by a second one, where `before` were known."""
    lost = before - after
    return lost > 0 and (after == 0 or (lost > MOST_LOST and lost * MOST_LOST_PARTS > before))
