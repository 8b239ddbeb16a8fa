"""The variants of a ModelDeployment as their rollouts see them."""

from fogline.api import ModelDeployment, Variant
from fogline.cluster import objects
from fogline.names import ROLLOUT_ANNOTATION, SERVES_ANNOTATION
from fogline.observe.owned import Owned, is_replacing_templates
from fogline.rollout import VariantState, read_mark, read_version, version_of


def variant_states(model: ModelDeployment, seen: Owned) -> dict[str, VariantState]:
    """Tell how each variant is that has a Deployment, by name."""
    return {
        variant.name: _state(variant, live, seen)
        for variant in model.spec.variants
        if (live := seen.deployments.get(variant.name))
    }


def _state(variant: Variant, live: objects.Deployment, seen: Owned) -> VariantState:
    notes = live.metadata.annotations
    return VariantState(
        tier=variant.tier,
        wanted=version_of(variant),
        serves=read_version(notes.get(SERVES_ANNOTATION)),
        mark=read_mark(notes.get(ROLLOUT_ANNOTATION)),
        desired=live.spec.replicas,
        is_observed=live.status.observed_generation >= live.metadata.generation,
        is_mixed=is_replacing_templates(live),
        replicas=tuple(one for one in seen.replicas if one.variant == variant.name and one.alive),
    )
