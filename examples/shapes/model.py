"""A convolutional network for the shapes: what the ConfigMap of the training holds."""

import keras  # type: ignore[import-untyped]  # it ships no types

SIDE = 32
CLASSES = 4


def build_model() -> keras.Model:
    """Return the untrained network."""
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1), name="images"),
            keras.layers.Conv2D(16, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(CLASSES, activation="softmax", name="scores"),
        ]
    )
