"""What GetModelStatus and GetModelMetadata answer, as messages: gRPC sends them, REST prints them as JSON."""

from typing import Any

from fogline_model_server.answers import definitions as signatures
from fogline_model_server.answers import spec as specs
from fogline_model_server.catalog import Catalog, ModelSpec, find, statuses
from fogline_model_server.errors import invalid_argument
from fogline_model_server.messages import (
    GetModelMetadataResponse,
    GetModelStatusResponse,
    SignatureDefMap,
)
from fogline_model_server.serving import Serving

SIGNATURE_DEF = "signature_def"
"""The only metadata field there is."""


def answer_status(serving: Serving, request: Any) -> Any:
    """Answer a GetModelStatusRequest.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT without a model_spec. Else as `statuses`.

    """
    return status(serving.catalog, specs.required(request))


def answer_metadata(serving: Serving, request: Any) -> Any:
    """Answer a GetModelMetadataRequest.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: no model_spec, no field, or one that is not known. Else as `find`.

    """
    spec = specs.required(request)
    if not request.metadata_field:
        raise invalid_argument("GetModelMetadataRequest must specify at least one metadata_field")
    for field in request.metadata_field:
        if field != SIGNATURE_DEF:
            raise invalid_argument(f"Metadata field {field} is not supported")
    response, definitions = signature_definitions(serving.catalog, spec)
    response.metadata[SIGNATURE_DEF].Pack(definitions)
    return response


def status(catalog: Catalog, spec: ModelSpec) -> Any:
    """Return a GetModelStatusResponse. A label is ignored, as TensorFlow Serving does.

    Raises
    ------
    ServingError
        As `statuses`.

    """
    response = GetModelStatusResponse()
    for known in statuses(catalog, spec.name, spec.version):
        entry = response.model_version_status.add(version=known.number, state=known.state)
        entry.status.SetInParent()
        if known.code is not None:
            entry.status.error_code = known.code
            entry.status.error_message = known.message
    return response


def signature_definitions(catalog: Catalog, spec: ModelSpec) -> tuple[Any, Any]:
    """Return a GetModelMetadataResponse that lacks its metadata, and the SignatureDefMap that belongs there.

    Raises
    ------
    ServingError
        As `find`.

    """
    version = find(catalog, spec)
    response = GetModelMetadataResponse()
    response.model_spec.name = spec.name
    response.model_spec.version.value = version.number
    definitions = SignatureDefMap()
    for key, signature in version.engine.signatures.items():
        signatures.fill(definitions.signature_def[key], signature)
    return response, definitions
