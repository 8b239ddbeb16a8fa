"""From a REST request to its reply."""

from dataclasses import replace
from typing import NamedTuple

from fogline_model_server import log
from fogline_model_server.answers import classify, inform, predict, regress
from fogline_model_server.answers import spec as specs
from fogline_model_server.answers.observed import REST, Inference, observe
from fogline_model_server.catalog import ModelSpec, find
from fogline_model_server.errors import Code, ServingError, invalid_argument
from fogline_model_server.messages import ClassificationRequest, RegressionRequest
from fogline_model_server.metrics import text as metrics_text
from fogline_model_server.metrics.page import page
from fogline_model_server.rest import decode, encode, examples, parse, paths
from fogline_model_server.serving import Serving
from fogline_model_server.signatures import DEFAULT_SIGNATURE

_HTTP_STATUS = {
    Code.INVALID_ARGUMENT: 400,
    Code.FAILED_PRECONDITION: 400,
    Code.OUT_OF_RANGE: 400,
    Code.UNAUTHENTICATED: 401,
    Code.PERMISSION_DENIED: 403,
    Code.NOT_FOUND: 404,
    Code.ABORTED: 409,
    Code.ALREADY_EXISTS: 409,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.CANCELLED: 499,
    Code.UNIMPLEMENTED: 501,
    Code.UNAVAILABLE: 503,
    Code.DEADLINE_EXCEEDED: 504,
}


_CORS_HEADERS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "POST, GET"),
    ("Access-Control-Allow-Headers", "Content-Type"),
)
"""They let pages of any origin call."""


class Reply(NamedTuple):
    """What goes back to the client."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    """More headers of the answer."""


def answer(serving: Serving, method: str, path: str, body: bytes) -> Reply:
    """Answer one request; errors are answers too.

    Parameters
    ----------
    method
        Of HTTP, upper case.
    path
        As it came, percent-encoded, without the query.

    """
    reply = _reply(serving, method, path, body)
    return reply._replace(headers=_CORS_HEADERS) if serving.options.cors else reply


def _reply(serving: Serving, method: str, path: str, body: bytes) -> Reply:
    try:
        return _answer(serving, method, path, body)
    except ServingError as error:
        return refusal(error)
    except Exception as error:  # noqa: BLE001  our own mistake must not take the connection down
        log.unexpected("request failed", error, method=method, path=path)
        return Reply(500, encode.error("internal error"))


def refusal(error: ServingError) -> Reply:
    """Return an error as a reply."""
    return Reply(_HTTP_STATUS.get(error.code, 500), encode.error(error.message))


def _answer(serving: Serving, method: str, path: str, body: bytes) -> Reply:
    if path == serving.options.metrics_path and method == "GET":
        return Reply(200, page(serving.meter, serving.catalog), metrics_text.CONTENT_TYPE)
    if serving.options.cors and method == "OPTIONS":
        return Reply(200, b"")
    target = paths.parse(method, path)
    if target is None:
        return Reply(404, encode.error(f"Not found: {method} {path}"))
    if target.verb in _INFERENCES:
        return Reply(200, _inferred(serving, target, body))
    if target.verb == "metadata":
        if serving.draining:  # readiness probes ask for it
            raise ServingError(Code.UNAVAILABLE, "The server is shutting down.")
        return Reply(200, encode.metadata(*inform.signature_definitions(serving.catalog, target.spec)))
    return Reply(200, encode.status(inform.status(serving.catalog, target.spec)))


def _inferred(serving: Serving, target: paths.Target, body: bytes) -> bytes:
    api, infer = _INFERENCES[target.verb]

    def inferred() -> bytes:
        return infer(serving, target.spec, parse.document(body))

    return observe(serving, Inference(target.spec.name, api, REST), inferred)


def _predict(serving: Serving, spec: ModelSpec, request: parse.Document) -> bytes:
    catalog = serving.catalog
    name = decode.signature_name(request)
    signature = find(catalog, spec).engine.signatures.get(name or DEFAULT_SIGNATURE)
    if signature is None:
        raise invalid_argument(
            f'Serving signature name: "{name or DEFAULT_SIGNATURE}" not found in signature def'
        )
    if not signature.inputs:
        raise invalid_argument(f"Failed to get input map for signature: {name or 'DEFAULT'}")
    tensors = decode.tensors(request, signature)
    named = replace(spec, signature=name)
    call = predict.prepare(catalog, serving.options, named, tensors.arrays.keys(), ())
    return encode.prediction(predict.run(call, tensors.arrays), by_row=tensors.by_row)


def _classify(serving: Serving, spec: ModelSpec, document: parse.Document) -> bytes:
    request = ClassificationRequest()
    specs.fill_request(request.model_spec, spec, decode.signature_name(document))
    examples.fill(request.input, document)
    return encode.classification(classify.answer(serving, request).result)


def _regress(serving: Serving, spec: ModelSpec, document: parse.Document) -> bytes:
    request = RegressionRequest()
    specs.fill_request(request.model_spec, spec, decode.signature_name(document))
    examples.fill(request.input, document)
    return encode.regression(regress.answer(serving, request).result)


_INFERENCES = {
    "predict": (predict.API, _predict),
    "classify": (classify.API, _classify),
    "regress": (regress.API, _regress),
}
"""By the last word of the path: the name in metrics, and what answers."""
