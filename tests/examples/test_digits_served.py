"""The digits example from the bucket to the answers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from dev import libyaml
from examples.digits.data import Digits
from examples.digits.predict import PredictError, grpc_predictor, measure, rest_predictor
from examples.digits.publish import Published, PublishError, publish
from tests.support.model_server import running
from tests.support.s3_server import S3Server

from fogline.api import parse

# TensorFlow 2.21 does not know the keyword that NumPy 2 passes.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

MODEL_DEPLOYMENT = Path("examples/digits/modeldeployment.yaml")


@pytest.fixture(scope="session")
def published(exported: Path, s3: S3Server) -> list[Published]:
    return publish(exported, "models", "digits", s3.environment())


def test_publishing_again_changes_nothing(exported: Path, s3: S3Server, published: list[Published]) -> None:
    assert publish(exported, "models", "digits", s3.environment()) == published


def test_the_fetcher_brings_what_was_published(
    exported: Path, s3: S3Server, published: list[Published], tmp_path: Path
) -> None:
    for artifact, form in zip(published, ("savedmodel", "tflite"), strict=True):
        assert artifact.uri == f"s3://models/digits/{form}/1"
        flags = ["--uri", artifact.uri, "--sha256", artifact.sha256, "--destination", str(tmp_path / form)]
        flags += ["--version", "1", "--allow-address", "127.0.0.0/8"]
        command = [sys.executable, "-m", "fogline_model_fetcher", *flags]
        subprocess.run(command, env={**os.environ, **s3.environment()}, check=True, timeout=180)
        for file in (exported / form / "1").rglob("*"):
            copy = tmp_path / form / file.relative_to(exported / form)
            assert file.is_dir() or copy.read_bytes() == file.read_bytes()


def test_nothing_is_published_without_credentials_or_forms(
    exported: Path, s3: S3Server, tmp_path: Path
) -> None:
    with pytest.raises(PublishError, match="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        publish(exported, "models", "digits", {})
    with pytest.raises(PublishError, match=r"run examples\.digits\.export first"):
        publish(tmp_path, "models", "digits", s3.environment())
    with pytest.raises(PublishError, match="status 403"):
        publish(exported, "models", "digits", {**s3.environment(), "AWS_SECRET_ACCESS_KEY": "wrong"})


@pytest.mark.parametrize("form", ["savedmodel", "tflite"])
def test_a_served_form_answers_the_test_images_by_both_protocols(
    exported: Path, splits: tuple[Digits, Digits], form: str, tmp_path: Path
) -> None:
    with running(exported / form, tmp_path / "log", "--model_name=digits") as server:
        with grpc_predictor(f"127.0.0.1:{server.grpc_port}") as predict:
            by_grpc = measure(predict, splits[1])
        with rest_predictor(f"127.0.0.1:{server.rest_port}") as predict:
            by_rest = measure(predict, splits[1])
    assert by_grpc.requests == by_rest.requests == 450
    assert by_grpc.accuracy == by_rest.accuracy >= 0.95
    assert 0 < by_grpc.p50_milliseconds <= by_grpc.p99_milliseconds


def test_an_unanswered_request_is_an_error(
    exported: Path, splits: tuple[Digits, Digits], tmp_path: Path
) -> None:
    with running(exported / "tflite", tmp_path / "log", "--model_name=digits") as server:
        for connect, port in ((grpc_predictor, server.grpc_port), (rest_predictor, server.rest_port)):
            with connect(f"127.0.0.1:{port}", "other") as predict, pytest.raises(PredictError, match="other"):
                measure(predict, splits[1])


def test_the_model_deployment_is_valid_and_uses_what_is_published(published: list[Published]) -> None:
    model = parse(libyaml.load(MODEL_DEPLOYMENT.read_text()), strict=True)
    artifacts = [variant.artifact for variant in model.spec.variants]
    assert [artifact and artifact.uri for artifact in artifacts] == [one.uri for one in published]
    assert model.spec.replicas == 3
