"""The shapes example: images from a seed, and a training that an API server would take."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import obstore
from dev import libyaml
from examples.shapes.data import CLASSES, SIDE, draw
from tests.support.s3_server import S3Server

from fogline.api import parse_model_training

FOLDER = Path(__file__).parents[2] / "examples" / "shapes"


def test_the_same_seed_gives_the_same_images_and_another_seed_others() -> None:
    one, again, other = (draw(200, seed)[0] for seed in (7, 7, 8))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_every_image_shows_its_shape_and_every_class_is_as_frequent() -> None:
    images, labels = draw(400)
    assert images.shape == (400, SIDE, SIDE, 1)
    assert images.dtype.name == "uint8"
    assert np.bincount(labels).tolist() == [100] * len(CLASSES)
    assert images.reshape(400, -1).std(axis=1).min() > 30


def test_the_training_is_valid_and_asks_for_what_the_images_are() -> None:
    training = parse_model_training(libyaml.load((FOLDER / "modeltraining.yaml").read_text()), strict=True)
    assert training.spec.data.features.shape == (SIDE, SIDE, 1)
    assert training.spec.data.label.classes == len(CLASSES)
    assert training.spec.model.module is not None


def upload(credentials: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "examples.shapes.upload"]
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        command, env={**others, **credentials}, capture_output=True, text=True, check=False, timeout=180
    )


def test_the_upload_puts_the_images_where_the_training_looks_for_them(s3: S3Server) -> None:
    done = upload(s3.environment())
    assert done.returncode == 0, done.stderr
    uri = parse_model_training(libyaml.load((FOLDER / "modeltraining.yaml").read_text())).spec.data.uri
    assert done.stdout == f"uri: {uri}\n"
    content = obstore.get(s3.bucket("data"), uri.removeprefix("s3://data/")).bytes().to_bytes()
    with np.load(io.BytesIO(content)) as arrays:
        images, labels = draw()
        assert np.array_equal(arrays["images"], images)
        assert np.array_equal(arrays["labels"], labels)


def test_an_upload_without_credentials_says_which_are_missing() -> None:
    refused = upload({})
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "not uploaded: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY\n"
