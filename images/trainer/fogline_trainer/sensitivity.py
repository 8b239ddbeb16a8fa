"""Who may use prepared data again: nobody who would take it to less trusted nodes or more regions."""

from fogline_trainer.errors import Reason, RefusedError
from fogline_trainer.run_document import Placement

LEVELS = ("Public", "Internal", "Confidential", "Restricted")


def check_not_lowered(asked: Placement, kept: Placement) -> None:
    """Compare what a training asks for with what the data was prepared under.

    Raises
    ------
    RefusedError
        SensitivityLowered.
    """
    if LEVELS.index(asked.data_sensitivity) < LEVELS.index(kept.data_sensitivity):
        raise RefusedError(
            Reason.SENSITIVITY_LOWERED,
            f"the data in the workspace was prepared as {kept.data_sensitivity}, and the training says "
            f"{asked.data_sensitivity}: raise placement.dataSensitivity, or take another workspace",
        )
    if kept.allowed_regions and not (
        asked.allowed_regions and set(asked.allowed_regions) <= set(kept.allowed_regions)
    ):
        raise RefusedError(
            Reason.SENSITIVITY_LOWERED,
            f"the data in the workspace was prepared for {', '.join(kept.allowed_regions)} alone: allow no "
            "other region "
            "in placement.allowedRegions, or take another workspace",
        )
