"""What is seen of one variant."""

from dataclasses import dataclass

from fogline.api import Tier
from fogline.rollout.mark import Mark
from fogline.rollout.version import Version
from fogline.snapshot import Replica


@dataclass(frozen=True, slots=True)
class VariantState:
    """One variant and its Deployment."""

    tier: Tier
    wanted: Version
    """What the spec asks for."""
    serves: Version | None
    """What the template of the Deployment serves; None when that is not known."""
    mark: Mark | None
    desired: int
    """Replicas that the Deployment runs."""
    is_observed: bool
    """Whether the Deployment controller has seen the template as it is."""
    is_mixed: bool
    """Whether it still replaces pods of another template."""
    replicas: tuple[Replica, ...]
    """Those that serve or may come to serve."""

    @property
    def is_settled(self) -> bool:
        """Whether all pods are of the Deployment's template, and stay so."""
        return self.is_observed and not self.is_mixed

    @property
    def newest_template(self) -> str | None:
        """Hash of the template of the pod that was made last: what the Deployment goes to."""
        if not self.replicas:
            return None
        return max(self.replicas, key=lambda one: (one.created_at, one.name)).template

    def of_template(self, template: str) -> list[Replica]:
        """Give the replicas that were made from a template."""
        return [one for one in self.replicas if one.template == template]

    def of_others(self, template: str) -> list[Replica]:
        """Give the replicas that were made from any other template."""
        return [one for one in self.replicas if one.template != template]


def canaries(desired: int, percent: int) -> int:
    """Count the replicas that try a new version: the share, rounded up, but of more than one not all."""
    return max(1, min(-(-desired * percent // 100), desired - 1))
