"""Flags of tensorflow_model_server that this server does not have: some are refused, some do nothing here.

A flag that merely states its default asks for nothing, so it is taken in silence.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Foreign:
    """One flag that we know and do not have."""

    advice: str
    """What to do, or why nothing needs to be done."""
    silent: frozenset[str]
    """Values that ask for nothing."""


_OFF = frozenset({"false", "0", "f"})
_ON = frozenset({"", "true", "1", "t"})
_UNSET = frozenset({""})

REFUSED: Mapping[str, Foreign] = {
    "enable_per_model_batching_parameters": Foreign(
        "put the parameters into --batching_parameters_file, they hold for all models", _OFF
    ),
    "force_allow_any_version_labels_for_unavailable_models": Foreign(
        "use --allow_version_labels_for_unavailable_models, which lets new labels wait for their version",
        _OFF,
    ),
    "mixed_precision": Foreign("convert the model to the precision that you want", _UNSET),
    "per_process_gpu_memory_fraction": Foreign(
        "this server computes on processors only; use tensorflow/serving on machines with a GPU",
        frozenset({"0", "0.0"}),
    ),
    "platform_config_file": Foreign(
        "give its session and batching settings by flags of their own, see --help", _UNSET
    ),
    "saved_model_tags": Foreign(
        "export the model with the tag serve, the only one that is loaded", frozenset({"serve"})
    ),
    "tensorflow_session_config_file": Foreign(
        "use --tensorflow_intra_op_parallelism and --tensorflow_inter_op_parallelism", _UNSET
    ),
    "thread_pool_factory_config_file": Foreign(
        "use --tensorflow_intra_op_parallelism and --tensorflow_inter_op_parallelism", _UNSET
    ),
    "use_alts_credentials": Foreign("ALTS works inside Google only; use --ssl_config_file for TLS", _OFF),
    "xla_cpu_compilation_enabled": Foreign("remove it, models run without XLA", _OFF),
    "xla_gpu_compilation_enabled": Foreign("remove it, models run without XLA", _OFF),
}

WITHOUT_EFFECT: Mapping[str, Foreign] = {
    "enable_profiler": Foreign("there is no profiler service", _OFF),
    "flush_filesystem_caches": Foreign("the kernel manages its cache of files by itself", _ON),
    "num_unload_threads": Foreign(
        "a version unloads by itself when its last request is answered", frozenset({"0"})
    ),
    "remove_unused_fields_from_bundle_metagraph": Foreign("what the engine does not need is not kept", _ON),
    "skip_initialize_tpu": Foreign("there is no TPU to start", _ON | _OFF),
}
