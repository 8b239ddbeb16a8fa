"""The shapes example: images from a seed, and a training that an API server would take."""

from pathlib import Path

import numpy as np
from dev import libyaml
from examples.shapes.data import CLASSES, SIDE, draw

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
