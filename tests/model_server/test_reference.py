"""Real models answer as TensorFlow itself computes, also to TensorFlow Serving's own client library."""

import json
import re
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from dev.digits import trained
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorSet
from tests.support.example_models import example_models
from tests.support.model_server import Server, predict_request, running
from tests.support.real_models import FACES, PITCH, PITCH_TFLITE, WAKE_WORDS, real_models

from fogline_model_server import messages
from fogline_model_server.answers import predict
from fogline_model_server.answers.features import columns
from fogline_model_server.catalog import Catalog, ModelVersion, ServedModel
from fogline_model_server.dtypes import BY_NUMBER, FLOAT, Array
from fogline_model_server.engines import load
from fogline_model_server.errors import ServingError
from fogline_model_server.rest.answer import answer
from fogline_model_server.serving import Serving
from fogline_model_server.settings import Front
from fogline_model_server.signatures import Signature, TensorInfo
from fogline_model_server.tensors import to_array

TIMEOUT_SECONDS = 30
ROWS = np.array([[1, 2, 3], [4, 5, 6]], np.float32)


@pytest.fixture(scope="module")
def tf() -> Any:
    """Return TensorFlow, which takes seconds to import: whoever only collects tests shall not wait for it."""
    import tensorflow  # type: ignore[import-untyped]  # noqa: ICN001, PLC0415  see above

    return tensorflow


@pytest.fixture(scope="module", params=list(Front))
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("reference") / "server.log"
    with running(example_models() / "tflite", log, f"--front={request.param}") as started:
        yield started


@pytest.fixture(scope="module")
def channel(server: Server) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as opened:
        yield opened


@pytest.fixture(scope="module")
def apis(tf: Any) -> Any:  # noqa: ARG001  the library imports TensorFlow, which is loaded once
    """Return the client library of TensorFlow Serving."""
    from tensorflow_serving import apis  # type: ignore[import-untyped]  # noqa: PLC0415  it imports TensorFlow
    from tensorflow_serving.apis import (  # type: ignore[import-untyped]  # noqa: F401, PLC0415  modules of it
        classification_pb2,
        get_model_metadata_pb2,
        get_model_status_pb2,
        inference_pb2,
        model_management_pb2,
        model_service_pb2_grpc,
        predict_pb2,
        prediction_log_pb2,
        prediction_service_pb2_grpc,
        regression_pb2,
    )

    return apis


def served(version_folder: Path) -> Serving:
    """Serve a model as ``tiny``, without a process between."""
    return Serving(Catalog({"tiny": ServedModel((ModelVersion(1, load(version_folder)),), ())}))


def served_file(file: Path, folder: Path) -> Serving:
    shutil.copy(file, folder / "model.tflite")
    return served(folder)


def predicted(serving: Serving, inputs: Mapping[str, Array]) -> dict[str, Array]:
    response = predict.answer(serving, predict_request(inputs))
    return {alias: to_array(proto, alias) for alias, proto in response.outputs.items()}


def random_inputs(serving: Serving) -> dict[str, Array]:
    """Return one row of random numbers for each input of the default signature."""
    signature = serving.catalog.models["tiny"].available[-1].engine.signatures["serving_default"]
    random = np.random.default_rng(7)
    inputs = {}
    for alias, info in signature.inputs.items():
        dtype = BY_NUMBER[info.dtype].numpy
        shape = [1 if size < 0 else size for size in info.shape or ()]
        if dtype.kind == "f":
            inputs[alias] = random.uniform(-1, 1, shape).astype(dtype)
        else:
            inputs[alias] = random.integers(-128, 128, shape, dtype)
    return inputs


def interpreted(tf: Any, file: Path, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Run the only input through TensorFlow's own interpreter; return outputs by their names in the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is to leave TensorFlow, in favour of the one that we use
        interpreter = tf.lite.Interpreter(str(file))
    (detail,) = interpreter.get_input_details()
    (array,) = inputs.values()
    interpreter.resize_tensor_input(detail["index"], array.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    outputs = interpreter.get_output_details()
    return {output["name"]: interpreter.get_tensor(output["index"]) for output in outputs}


def run_in_session(tf: Any, folder: Path, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Run the default signature of a SavedModel; TensorFlow 2 cannot load one that old Keras made."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], str(folder))
        signature = loaded.signature_def["serving_default"]
        fed = {signature.inputs[alias].name: array for alias, array in inputs.items()}
        fetched = {alias: info.name for alias, info in signature.outputs.items()}
        outputs: dict[str, Array] = session.run(fetched, fed)
        return outputs


def by_tensor(serving: Serving, outputs: Mapping[str, Array]) -> dict[str, Array]:
    """Return outputs by the names of their tensors in the file."""
    signature = serving.catalog.models["tiny"].available[-1].engine.signatures["serving_default"]
    return {signature.outputs[alias].name: array for alias, array in outputs.items()}


def assert_close(found: Mapping[str, Array], expected: Mapping[str, Array]) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        scale = max(1.0, float(np.abs(array).max()))
        np.testing.assert_allclose(found[name], array, rtol=0, atol=1e-4 * scale, err_msg=name)


@pytest.mark.parametrize("name", [PITCH_TFLITE, *FACES, *WAKE_WORDS])
def test_a_tflite_file_gives_what_tensorflow_computes(tf: Any, name: str, tmp_path: Path) -> None:
    file = real_models() / name
    serving = served_file(file, tmp_path)
    inputs = random_inputs(serving)
    assert_close(by_tensor(serving, predicted(serving, inputs)), interpreted(tf, file, inputs))


def test_rest_gives_the_same_numbers_as_grpc(tmp_path: Path) -> None:
    serving = served_file(real_models() / FACES[1], tmp_path)
    inputs = random_inputs(serving)
    body = json.dumps({"inputs": {alias: array.tolist() for alias, array in inputs.items()}}).encode()
    reply = answer(serving, "POST", "/v1/models/tiny:predict", body)
    assert reply.status == 200
    found = json.loads(reply.body)["outputs"]
    for alias, array in predicted(serving, inputs).items():
        np.testing.assert_array_equal(np.array(found[alias], np.float32), array)


def test_the_saved_model_and_the_tflite_file_of_one_model_agree(tf: Any, tmp_path: Path) -> None:
    cloud, edge = served(real_models() / PITCH), served_file(real_models() / PITCH_TFLITE, tmp_path)
    inputs = random_inputs(cloud)
    found = predicted(cloud, inputs)
    assert_close(found, run_in_session(tf, real_models() / PITCH, inputs))
    for alias, expected in predicted(edge, random_inputs(edge)).items():
        np.testing.assert_allclose(found[alias], expected, rtol=0, atol=2e-3)


def test_the_digits_example_gives_what_tensorflow_computes(tf: Any, tmp_path: Path) -> None:
    folder = trained()
    pixels = np.load(folder / "test.npz")["pixels"].astype(np.float32)
    (saved_model,) = folder.rglob("saved_model.pb")
    (tflite,) = folder.rglob("*.tflite")
    signature = tf.saved_model.load(str(saved_model.parent)).signatures["serving_default"]
    expected = signature(pixels=tf.constant(pixels))["scores"].numpy()
    for serving in (served(saved_model.parent), served_file(tflite, tmp_path)):
        scores = predicted(serving, {"pixels": pixels})["scores"]
        np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-4)


def random_feature(random: np.random.Generator) -> dict[str, Any]:
    """Return a feature that may be missing, or of another kind or size than three floats."""
    size = int(random.choice([3, 3, 3, 2, 4, 0]))
    features: list[dict[str, Any]] = [
        {"x": {"float_list": {"value": random.uniform(-9, 9, size).tolist()}}},
        {"x": {"float_list": {"value": random.uniform(-9, 9, 3).tolist()}}},
        {"x": {"int64_list": {"value": random.integers(-9, 9, size).tolist()}}},
        {"x": {"bytes_list": {"value": [b"a"] * size}}},
        {"x": {}},
        {},
    ]
    return features[random.choice(len(features), p=[0.3, 0.5, 0.05, 0.05, 0.05, 0.05])]


def test_features_are_read_as_the_operation_of_tensorflow_reads_them(tf: Any) -> None:
    wanted = {"x": tf.io.FixedLenFeature([3], tf.float32)}
    signature = Signature({"x": TensorInfo("x", FLOAT.number, (-1, 3))}, {})

    def ours(rows: list[Any]) -> Array | str:
        try:
            return columns(signature, rows)["x"]
        except ServingError as error:
            return error.message

    def theirs(rows: list[Any]) -> Array | str:
        try:
            array: Array = tf.io.parse_example([row.SerializeToString() for row in rows], wanted)["x"].numpy()
        except tf.errors.InvalidArgumentError as error:
            (text,) = re.findall(r"Name: <unknown>.*?(?= \[Op:|$)", error.message, re.MULTILINE)
            return str(text)
        return array

    random = np.random.default_rng(11)
    refused = set()
    for _ in range(150):
        features = [random_feature(random) for _ in range(random.integers(1, 4))]
        rows = [messages.Example(features={"feature": feature}) for feature in features]
        found = ours(rows)
        np.testing.assert_array_equal(found, theirs(rows), strict=not isinstance(found, str))
        if isinstance(found, str):
            refused.add(re.sub(r"Index: \d", "", found))
    assert len(refused) >= 4


def wire(message: Any, prefix: str = "") -> set[tuple[Any, ...]]:
    """Return what counts on the wire of each field of a DescriptorProto and of the messages in it."""
    name = f"{prefix}{message.name}."
    found = {
        (name + field.name, field.number, field.type, field.label, field.type_name) for field in message.field
    }
    return found.union(*(wire(nested, name) for nested in message.nested_type))


def test_our_messages_have_the_fields_of_its_messages(apis: Any) -> None:
    theirs = apis.predict_pb2.DESCRIPTOR.pool
    descriptors = Path(messages.__file__).with_name("messages.binpb").read_bytes()
    compared = set()
    for file in FileDescriptorSet.FromString(descriptors).file:
        for message in file.message_type:
            described = DescriptorProto()
            with suppress(KeyError):  # of another package, or in no module of its client
                theirs.FindMessageTypeByName(f"{file.package}.{message.name}").CopyToProto(described)
                assert wire(message) <= wire(described)
                compared.add(message.name)
    assert {"PredictRequest", "ModelConfig", "PredictionLog", "TensorProto", "Example"} <= compared


def test_its_client_predicts(tf: Any, apis: Any, channel: grpc.Channel) -> None:
    stub = apis.prediction_service_pb2_grpc.PredictionServiceStub(channel)
    request = apis.predict_pb2.PredictRequest()
    request.model_spec.name = "tiny"
    request.model_spec.version.value = 1
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(ROWS))
    request.output_filter.append("scores")
    response = stub.Predict(request, timeout=TIMEOUT_SECONDS)
    assert response.outputs.keys() == {"scores"}
    np.testing.assert_array_equal(tf.make_ndarray(response.outputs["scores"]), ROWS * 2)
    assert response.model_spec.signature_name == "serving_default"


def test_its_client_classifies_and_regresses(tf: Any, apis: Any, channel: grpc.Channel) -> None:
    stub = apis.prediction_service_pb2_grpc.PredictionServiceStub(channel)
    classification = apis.classification_pb2.ClassificationRequest()
    classification.model_spec.name = "tiny"
    regression = apis.regression_pb2.RegressionRequest()
    regression.model_spec.name, regression.model_spec.signature_name = "tiny", "regress"
    several = apis.inference_pb2.MultiInferenceRequest()
    for signature, method in (("", "classify"), ("regress", "regress")):
        task = several.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name, task.model_spec.signature_name = "tiny", signature
    for request in (classification, regression, several):
        for row in ROWS:
            floats = tf.train.Feature(float_list=tf.train.FloatList(value=row))
            example = tf.train.Example(features=tf.train.Features(feature={"x": floats}))
            request.input.example_list.examples.append(example)
    classified = stub.Classify(classification, timeout=TIMEOUT_SECONDS).result
    assert [entry.label for entry in classified.classifications[0].classes] == ["low", "middle", "high"]
    regressed = stub.Regress(regression, timeout=TIMEOUT_SECONDS).result
    assert [entry.value for entry in regressed.regressions] == [6, 15]
    first, second = stub.MultiInference(several, timeout=TIMEOUT_SECONDS).results
    assert (first.classification_result, second.regression_result) == (classified, regressed)


def test_its_client_reads_metadata_and_status(apis: Any, channel: grpc.Channel) -> None:
    stub = apis.prediction_service_pb2_grpc.PredictionServiceStub(channel)
    request = apis.get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "tiny"
    response = stub.GetModelMetadata(request, timeout=TIMEOUT_SECONDS)
    definitions = apis.get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(definitions)
    assert definitions.signature_def["sum"].inputs["n"].dtype == 3
    status = apis.get_model_status_pb2.GetModelStatusRequest()
    status.model_spec.name = "tiny"
    models = apis.model_service_pb2_grpc.ModelServiceStub(channel)
    (entry,) = models.GetModelStatus(status, timeout=TIMEOUT_SECONDS).model_version_status
    assert entry.state == apis.get_model_status_pb2.ModelVersionStatus.AVAILABLE


def test_its_client_is_told_what_is_wrong(apis: Any, channel: grpc.Channel) -> None:
    stub = apis.prediction_service_pb2_grpc.PredictionServiceStub(channel)
    request = apis.predict_pb2.PredictRequest()
    request.model_spec.name = "other"
    with pytest.raises(grpc.RpcError) as caught:
        stub.Predict(request, timeout=TIMEOUT_SECONDS)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    models = apis.model_service_pb2_grpc.ModelServiceStub(channel)
    reload = apis.model_management_pb2.ReloadConfigRequest()
    reload.config.model_config_list.config.add(name="other", base_path="/nowhere")
    with pytest.raises(grpc.RpcError) as caught:
        models.HandleReloadConfigRequest(reload, timeout=TIMEOUT_SECONDS)
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
