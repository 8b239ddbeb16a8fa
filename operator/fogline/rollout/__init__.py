"""New versions of a model: how many replicas try one first, when it goes to all, when the old one is back.

The scheduling gate is the throttle. The Deployment of a variant gets its new template at once, but the
operator opens the gates of no more new pods than the rollout allows, and because no replica may be missing,
the Deployment controller waits. Pure: same input, same answer.
"""

from fogline.rollout.figures import Figures, Observed
from fogline.rollout.follow import Step, Terms, follow
from fogline.rollout.gates import held_gates
from fogline.rollout.judge import needs_figures
from fogline.rollout.mark import Mark, read_mark, read_version, write_mark, write_version
from fogline.rollout.revision import Revision, observe
from fogline.rollout.variant import VariantState, canaries
from fogline.rollout.version import Version, serving, version_of
from fogline.rollout.windows import is_open, seconds_to_opening

__all__ = [
    "Figures",
    "Mark",
    "Observed",
    "Revision",
    "Step",
    "Terms",
    "VariantState",
    "Version",
    "canaries",
    "follow",
    "held_gates",
    "is_open",
    "needs_figures",
    "observe",
    "read_mark",
    "read_version",
    "seconds_to_opening",
    "serving",
    "version_of",
    "write_mark",
    "write_version",
]
