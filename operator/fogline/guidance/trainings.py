"""What the conditions of a ModelTraining say, and what their reasons mean."""

from collections.abc import Mapping

from fogline.conditions import Reason, TrainingConditionType
from fogline.guidance.advice import Guidance

TRAINING_CONDITIONS: Mapping[TrainingConditionType, str] = {
    TrainingConditionType.ACCEPTED: "the spec can be carried out",
    TrainingConditionType.DATA_READY: "the data of the run is checked, split and in shards",
    TrainingConditionType.TRAINED: "the workers are through all epochs",
    TrainingConditionType.EVALUATED: "the model passed its gate on the test samples",
    TrainingConditionType.EXPORTED: "every form agrees with the network that was trained",
    TrainingConditionType.PUBLISHED: "the version is in the store, and in the ModelDeployment that is named",
    TrainingConditionType.COMPLETE: "the run is over and published; it sums the others up",
    TrainingConditionType.SUSPENDED: "`spec.suspend` is true, or somebody else suspends the Job of the step",
}
"""What True means, of each condition of a ModelTraining."""

_HELD_UP = (Reason.PODS_NOT_SCHEDULED, Reason.POLICY_MISSING)
"""Why a step does not begin."""
_OF_ANY_STEP = (
    Reason.STORE_REFUSED,
    Reason.SENSITIVITY_LOWERED,
    Reason.OUT_OF_MEMORY,
    Reason.STEP_FAILED,
)
"""What may end any step of a run."""

TRAINING_CONDITION_REASONS: Mapping[TrainingConditionType, tuple[Reason, ...]] = {
    TrainingConditionType.ACCEPTED: (Reason.VALID, Reason.INVALID, Reason.NAME_TAKEN, Reason.APPLY_FAILED),
    TrainingConditionType.DATA_READY: (
        Reason.PREPARED,
        Reason.PREPARING,
        *_HELD_UP,
        Reason.ENGINE_MISSING,
        Reason.DATA_UNREACHABLE,
        Reason.DATA_CORRUPT,
        Reason.DATA_UNREADABLE,
        Reason.FIELD_MISSING,
        Reason.SHAPE_MISMATCH,
        Reason.DTYPE_MISMATCH,
        Reason.NOT_FINITE,
        Reason.LABEL_OUT_OF_RANGE,
        Reason.CLASS_MISSING,
        Reason.CONTRADICTION,
        Reason.DUPLICATES_FOUND,
        Reason.TOO_FEW_SAMPLES,
        Reason.INPUT_TOO_LARGE,
        *_OF_ANY_STEP,
    ),
    TrainingConditionType.TRAINED: (
        Reason.TRAINED,
        Reason.TRAINING,
        Reason.WAITING_FOR_EARLIER_STEP,
        *_HELD_UP,
        Reason.ENGINE_MISSING,
        Reason.SHARD_CORRUPT,
        Reason.DATA_UNREACHABLE,
        Reason.DATA_CORRUPT,
        Reason.INPUT_TOO_LARGE,
        Reason.MODEL_UNREADABLE,
        Reason.MODEL_MISMATCH,
        Reason.MODULE_FAILED,
        Reason.LOSS_NOT_FINITE,
        *_OF_ANY_STEP,
    ),
    TrainingConditionType.EVALUATED: (
        Reason.METRIC_MEASURED,
        Reason.FINISHING,
        Reason.WAITING_FOR_EARLIER_STEP,
        *_HELD_UP,
        Reason.GATE_REFUSED,
        *_OF_ANY_STEP,
    ),
    TrainingConditionType.EXPORTED: (
        Reason.FORMS_AGREE,
        Reason.FINISHING,
        Reason.WAITING_FOR_EARLIER_STEP,
        *_HELD_UP,
        Reason.PARITY_REFUSED,
        Reason.EXPORT_FAILED,
    ),
    TrainingConditionType.PUBLISHED: (
        Reason.PUBLISHED,
        Reason.FINISHING,
        Reason.WAITING_FOR_EARLIER_STEP,
        *_HELD_UP,
        Reason.VERSION_TAKEN,
        Reason.MODEL_DEPLOYMENT_MISSING,
        Reason.VARIANT_MISMATCH,
        Reason.SENSITIVITY_LOWERED,
        Reason.FIELD_CONFLICT,
        Reason.APPLY_FAILED,
        Reason.STORE_REFUSED,
    ),
    TrainingConditionType.COMPLETE: (
        Reason.RUN_PUBLISHED,
        Reason.RUN_UNDERWAY,
        Reason.SUSPENDED_BY_USER,
        Reason.SUSPENDED_BY_OTHER,
        Reason.POLICY_MISSING,
        Reason.ENGINE_MISSING,
    ),
    TrainingConditionType.SUSPENDED: (
        Reason.SUSPENDED_BY_USER,
        Reason.SUSPENDED_BY_OTHER,
        Reason.NOT_SUSPENDED,
    ),
}
"""The reasons of each condition of a ModelTraining. Where a step failed, `Complete` has its reason, too."""

TRAINING_STATES: Mapping[Reason, Guidance] = {
    Reason.WAITING_FOR_EARLIER_STEP: Guidance("an earlier step of the run is not done"),
    Reason.PREPARING: Guidance(
        "the data is fetched, checked and split", "if it lasts, see the log of the pod of the step `prepare`"
    ),
    Reason.PREPARED: Guidance("the shards are in the workspace"),
    Reason.TRAINING: Guidance(
        "the workers train; `status.progress` says how far they are",
        "if it lasts, see the logs of the pods of the step `train`",
    ),
    Reason.TRAINED: Guidance("the network is trained"),
    Reason.FINISHING: Guidance(
        "the model is judged, exported and published", "if it lasts, see the log of the step `finish`"
    ),
    Reason.METRIC_MEASURED: Guidance("`status.evaluation` has the value, which passes the gate if any"),
    Reason.FORMS_AGREE: Guidance("`status.forms` has the figures of each form"),
    Reason.PUBLISHED: Guidance("`status.published` names the version"),
    Reason.MODEL_DEPLOYMENT_MISSING: Guidance(
        "the version is published, and there is no ModelDeployment of the name to take it",
        "create the ModelDeployment that the message names; it then gets the version",
    ),
    Reason.VARIANT_MISMATCH: Guidance(
        "the ModelDeployment lacks the variant, or the runtime of the variant does not serve the form",
        "add the variant that the message names, or change its form in `publish.modelDeployment`",
    ),
    Reason.FIELD_CONFLICT: Guidance(
        "somebody else has set the artifact of a variant, and it is left as it is",
        "take `artifact` of the variant out of what the manager in the message applies",
    ),
    Reason.RUN_UNDERWAY: Guidance("a run is under way; the other conditions say how far it is"),
    Reason.RUN_PUBLISHED: Guidance("the run is over, and its version is published"),
    Reason.PODS_NOT_SCHEDULED: Guidance(
        "kube-scheduler finds no node for a pod of the step, or a quota lets nobody make it",
        "the message has what kube-scheduler says; add room, or relax `placement`",
    ),
    Reason.ENGINE_MISSING: Guidance(
        "`workers.engine` is TrainJob, and the cluster has no Kubeflow Trainer, or the operator may not use"
        " it; no step begins before that",
        "install Kubeflow Trainer 2 and set `kubeflowTrainer.enabled` of the chart, or set `workers.engine`"
        " to Job",
    ),
    Reason.SUSPENDED_BY_OTHER: Guidance(
        "somebody else suspends the Job or TrainJob of the step, most likely a [queue](training.md#queues);"
        " the run goes on when they let it",
        "see why the queue has no room, or who has set `suspend` of what the message names",
    ),
    Reason.OUT_OF_MEMORY: Guidance(
        "a pod used more memory than its limit", "raise the memory in `workers.resources`"
    ),
    Reason.STEP_FAILED: Guidance(
        "a step failed in another way, or too often", "the message has the end of the log of its last pod"
    ),
}
"""Of a ModelTraining."""

TRAINING_FAULTS: Mapping[Reason, Guidance] = {
    Reason.DATA_UNREACHABLE: Guidance(
        "the data, or the store that it is in, cannot be read",
        "correct `data.uri`, the Secret of `data.secretName`, or the network; then the next try finds it",
    ),
    Reason.DATA_CORRUPT: Guidance(
        "the file is not the one that `data.sha256` names", "upload it again, or correct `data.sha256`"
    ),
    Reason.DATA_UNREADABLE: Guidance(
        "the file is not of the format that is expected", "correct `data.format`, or write the file again"
    ),
    Reason.FIELD_MISSING: Guidance(
        "the file lacks an array, feature or column", "correct `features.field` or `label.field`"
    ),
    Reason.SHAPE_MISMATCH: Guidance("samples have another shape", "correct `features.shape`, or the data"),
    Reason.DTYPE_MISMATCH: Guidance("values are of a type that is no number", "write numbers"),
    Reason.NOT_FINITE: Guidance("a value is NaN or infinite", "the message names the sample; clean the data"),
    Reason.LABEL_OUT_OF_RANGE: Guidance(
        "a label is no integer from 0 to `label.classes` less one", "correct `label.classes`, or the data"
    ),
    Reason.CLASS_MISSING: Guidance("a class has no sample", "add samples, or lower `label.classes`"),
    Reason.CONTRADICTION: Guidance("equal samples have different labels", "correct the labels"),
    Reason.DUPLICATES_FOUND: Guidance(
        "samples are there more than once, and `duplicates` is `Reject`", "clean the data, or choose `Remove`"
    ),
    Reason.TOO_FEW_SAMPLES: Guidance(
        "a class has too few samples to be split", "add samples, or use fewer workers or another `split`"
    ),
    Reason.INPUT_TOO_LARGE: Guidance(
        "the data or the .keras file is larger than a pod can take", "raise the memory in `workers.resources`"
    ),
    Reason.SHARD_CORRUPT: Guidance(
        "a shard is not what its index says", "run again with the annotation `fogline.dev/run-again`"
    ),
    Reason.MODEL_UNREADABLE: Guidance("the .keras file cannot be loaded", "save it again, without own code"),
    Reason.MODEL_MISMATCH: Guidance(
        "inputs or outputs of the network do not fit the data",
        "correct the network; the message has both shapes",
    ),
    Reason.MODULE_FAILED: Guidance(
        "`build_model()` is missing or raised an error", "the message has the error; correct the module"
    ),
    Reason.LOSS_NOT_FINITE: Guidance(
        "the loss became NaN or infinite", "lower `fit.learningRate`, or scale the features"
    ),
    Reason.GATE_REFUSED: Guidance(
        "the model is below `evaluation.minimum`; nothing is published",
        "train longer or otherwise, or lower the minimum",
    ),
    Reason.PARITY_REFUSED: Guidance(
        "an exported form differs too much from the network; nothing is published",
        "leave the form out, raise `calibrationSamples`, or relax `export.parity`",
    ),
    Reason.EXPORT_FAILED: Guidance(
        "the network cannot be written in a form", "leave the form out, or use other layers"
    ),
    Reason.STORE_REFUSED: Guidance(
        "a store takes no files, or not with these credentials",
        "see the Secrets of `workspace` and `publish`, and the rights of their keys",
    ),
    Reason.VERSION_TAKEN: Guidance(
        "another publisher took the version at the same time", "run again with `fogline.dev/run-again`"
    ),
    Reason.SENSITIVITY_LOWERED: Guidance(
        "data or a model would get to where less sensitive data is kept",
        "raise `placement.dataSensitivity` of what the message names",
    ),
}
"""Why a run ended, as its pods say. Any other word of theirs is a step that failed."""
