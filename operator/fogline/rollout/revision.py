"""What is measured of a canary and of what it may replace, out of figures by pod template. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from fogline.rollout.figures import Figures, Observed
from fogline.rollout.variant import VariantState


@dataclass(frozen=True, slots=True)
class Revision:
    """What is measured of the replicas of one variant that were made from one template."""

    template: str
    """Its hash."""
    figures: Figures
    agreement: float | None = None
    """Share of the samples that it answered like the old version, from 0 to 1; None when nobody compared."""


def observe(seen: VariantState, measured: Iterable[Revision]) -> Observed:
    """Tell the two versions of a rollout apart.

    The old one is what the note on the Deployment says; all replicas of other templates are the canary, those
    that are gone left out: an earlier version may still be in the figures. Whether answers agree is asked of
    the newest template.
    """
    if seen.mark is None:
        return Observed()
    by_template = {one.template: one for one in measured}
    others = {one.template for one in seen.of_others(seen.mark.template)}
    stable, newest = by_template.get(seen.mark.template), by_template.get(seen.newest_template or "")
    return Observed(
        canary=_together([by_template[one].figures for one in sorted(others) if one in by_template]),
        stable=stable.figures if stable else None,
        agreement=newest.agreement if newest and newest.template in others else None,
    )


def _together(figures: list[Figures]) -> Figures | None:
    """Add requests up; the latency is that of the slowest."""
    if not figures:
        return None
    latencies = [one.p99_milliseconds for one in figures if one.p99_milliseconds is not None]
    return Figures(
        sum(one.requests for one in figures),
        sum(one.errors for one in figures),
        max(latencies, default=None),
    )
