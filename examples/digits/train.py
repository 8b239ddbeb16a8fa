"""Train a small network on handwritten digits; the same seed gives the same network."""

import argparse
from pathlib import Path

import keras  # type: ignore[import-untyped]  # it ships no types
import tensorflow as tf  # type: ignore[import-untyped]  # it ships no types
from examples.digits.data import SEED, Digits, load

EPOCHS = 40
MODEL_FILE = "digits.keras"


def untrained(seed: int = SEED) -> keras.Model:
    """Return the network with random weights."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    network = keras.Sequential(
        [
            keras.Input((64,), name="pixels"),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(10, activation="softmax", name="scores"),
        ],
        name="digits",
    )
    network.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return network


def train(digits: Digits, seed: int = SEED, epochs: int = EPOCHS) -> keras.Model:
    """Return the trained network."""
    network = untrained(seed)
    network.fit(digits.pixels, digits.labels, epochs=epochs, verbose=0)
    return network


def accuracy(network: keras.Model, digits: Digits) -> float:
    """Return the share of images whose digit the network names, from 0 to 1."""
    classes = network.predict(digits.pixels, verbose=0).argmax(axis=1)
    return float((classes == digits.labels).mean())


def main() -> None:
    """Train and save the network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/digits"), help="folder for the network")
    arguments = parser.parse_args()
    train_split, test_split = load()
    network = train(train_split)
    arguments.out.mkdir(parents=True, exist_ok=True)
    network.save(arguments.out / MODEL_FILE)
    print(f"trained on {len(train_split.labels)} images")
    print(f"accuracy on {len(test_split.labels)} other images: {accuracy(network, test_split):.4f}")


if __name__ == "__main__":
    main()
