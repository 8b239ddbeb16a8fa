"""The ModelSpec of a request."""

from typing import Any

from fogline_model_server.catalog import ModelSpec
from fogline_model_server.errors import invalid_argument


def of(proto: Any) -> ModelSpec:
    """Return a ModelSpec message as a value."""
    choice = proto.WhichOneof("version_choice")
    return ModelSpec(
        name=proto.name,
        version=proto.version.value if choice == "version" else None,
        label=proto.version_label if choice == "version_label" else None,
        signature=proto.signature_name,
    )


def required(request: Any) -> ModelSpec:
    """Return the spec of a request that must have one.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: it has none.

    """
    if not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")
    return of(request.model_spec)


def fill(proto: Any, name: str, version: int, signature: str) -> None:
    """Write what a response says of the model that answered into its empty ModelSpec."""
    proto.name = name
    proto.version.value = version
    proto.signature_name = signature


def fill_request(proto: Any, spec: ModelSpec, signature: str) -> None:
    """Write which model is meant, and a signature of it, into the empty ModelSpec of a request."""
    proto.name = spec.name
    proto.signature_name = signature
    if spec.version is not None:
        proto.version.value = spec.version
    elif spec.label is not None:
        proto.version_label = spec.label
