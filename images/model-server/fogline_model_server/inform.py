"""What GetModelStatus and GetModelMetadata answer, as messages: gRPC sends them, REST prints them as JSON."""

from collections.abc import Mapping
from typing import Any

from fogline_model_server.catalog import Catalog, ModelSpec, find, known_versions
from fogline_model_server.messages import (
    GetModelMetadataResponse,
    GetModelStatusResponse,
    ModelVersionStatus,
    SignatureDefMap,
)
from fogline_model_server.signatures import Signature, TensorInfo

SIGNATURE_DEF = "signature_def"
"""The only metadata field there is."""


def status(catalog: Catalog, spec: ModelSpec) -> Any:
    """Return a GetModelStatusResponse. A label is ignored, as TensorFlow Serving does.

    Raises
    ------
    ServingError
        As `known_versions`.

    """
    response = GetModelStatusResponse()
    for version in known_versions(catalog, spec.name, spec.version):
        entry = response.model_version_status.add()
        entry.version = version.number
        entry.state = ModelVersionStatus.AVAILABLE
        entry.status.SetInParent()
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
        _fill_signature(definitions.signature_def[key], signature)
    return response, definitions


def metadata(catalog: Catalog, spec: ModelSpec) -> Any:
    """Return a GetModelMetadataResponse.

    Raises
    ------
    ServingError
        As `find`.

    """
    response, definitions = signature_definitions(catalog, spec)
    response.metadata[SIGNATURE_DEF].Pack(definitions)
    return response


def _fill_signature(definition: Any, signature: Signature) -> None:
    _fill_infos(definition.inputs, signature.inputs)
    _fill_infos(definition.outputs, signature.outputs)
    definition.method_name = signature.method_name


def _fill_infos(definitions: Any, infos: Mapping[str, TensorInfo]) -> None:
    for alias, info in infos.items():
        definition = definitions[alias]
        definition.name = info.name
        definition.dtype = info.dtype
        shape = definition.tensor_shape
        shape.unknown_rank = info.shape is None
        for size in info.shape or ():
            shape.dim.add(size=size)
