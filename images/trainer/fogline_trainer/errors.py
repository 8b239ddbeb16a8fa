"""Why a stage ended without what it was for. Each text is for the user: it says what to do.

No text holds a credential, the query of a URL or a path of this machine: it ends up in the resource's status.
"""

from enum import StrEnum
from typing import ClassVar


class Reason(StrEnum):
    """One token for each way in which a stage can end."""

    DONE = "Done"
    DATA_UNREACHABLE = "DataUnreachable"
    DATA_CORRUPT = "DataCorrupt"
    DATA_UNREADABLE = "DataUnreadable"
    FIELD_MISSING = "FieldMissing"
    SHAPE_MISMATCH = "ShapeMismatch"
    DTYPE_MISMATCH = "DtypeMismatch"
    NOT_FINITE = "NotFinite"
    LABEL_OUT_OF_RANGE = "LabelOutOfRange"
    CLASS_MISSING = "ClassMissing"
    CONTRADICTION = "Contradiction"
    DUPLICATES_FOUND = "DuplicatesFound"
    TOO_FEW_SAMPLES = "TooFewSamples"
    TOO_LARGE = "InputTooLarge"
    SHARD_CORRUPT = "ShardCorrupt"
    MODEL_UNREADABLE = "ModelUnreadable"
    MODEL_MISMATCH = "ModelMismatch"
    MODULE_FAILED = "ModuleFailed"
    LOSS_NOT_FINITE = "LossNotFinite"
    GATE_REFUSED = "GateRefused"
    PARITY_REFUSED = "ParityRefused"
    EXPORT_FAILED = "ExportFailed"
    STORE_REFUSED = "StoreRefused"
    VERSION_TAKEN = "VersionTaken"
    SENSITIVITY_LOWERED = "SensitivityLowered"
    FAILED = "Failed"


class StageError(Exception):
    """A stage ended early.

    Parameters
    ----------
    reason
        For programs.
    message
        For the user.
    """

    exit_code: ClassVar[int]

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class RefusedError(StageError):
    """Input is bad, or a gate is shut: another try would end the same way."""

    exit_code: ClassVar[int] = 2


class InterruptedStageError(StageError):
    """Something broke that may be whole at the next try."""

    exit_code: ClassVar[int] = 1
