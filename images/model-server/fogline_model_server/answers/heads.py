"""What Classify and Regress have in common: how a signature is found, checked and shown."""

from fogline_model_server.answers import definitions
from fogline_model_server.catalog import Catalog, ModelSpec, ModelVersion, find
from fogline_model_server.dtypes import BY_NUMPY, Array, DType
from fogline_model_server.errors import invalid_argument
from fogline_model_server.messages import SignatureDef
from fogline_model_server.signatures import DEFAULT_SIGNATURE, Signature

INPUTS = "inputs"


def signature_of(catalog: Catalog, spec: ModelSpec) -> tuple[ModelVersion, str, Signature]:
    """Return the version that a request means, and its signature with its name.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: no such signature. Else as `find`.

    """
    version = find(catalog, spec)
    name = spec.signature or DEFAULT_SIGNATURE
    signature = version.engine.signatures.get(name)
    if signature is None:
        raise invalid_argument(f"No signature was found with the name: {name}")
    return version, name, signature


def check_inputs(signature: Signature, purpose: str) -> None:
    """Refuse a signature that takes serialized Examples under another name than TensorFlow Serving expects.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT.

    """
    if signature.takes_examples and INPUTS not in signature.inputs:
        raise invalid_argument(f"No {purpose} inputs found in SignatureDef: {debug_string(signature)}")


def check_method(signature: Signature, method: str, purpose: str) -> None:
    """Refuse a signature that says that it is for something else.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT.

    """
    if signature.method_name != method:
        raise invalid_argument(
            f"Expected {purpose} signature method_name to be {method}. Was: {signature.method_name}"
        )


def check_type(array: Array, expected: DType, text: str) -> None:
    """Refuse an output of another element type; its name is put after the text.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT.

    """
    given = BY_NUMPY.get(array.dtype)
    if given is not expected:
        name = f"DT_{given.name.upper()}" if given else str(array.dtype)
        raise invalid_argument(text + name)


def brackets(array: Array) -> str:
    """Return the shape of an array as TensorFlow prints it."""
    return "[" + ",".join(map(str, array.shape)) + "]"


def debug_string(signature: Signature) -> str:
    """Return a signature as the text of its message."""
    from google.protobuf import text_format  # noqa: PLC0415  slow to import, and seldom needed

    definition = SignatureDef()
    definitions.fill(definition, signature)
    return text_format.MessageToString(definition)
