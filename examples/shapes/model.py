"""A convolutional network for the shapes: what the ConfigMap of the training holds."""

import keras  # type: ignore[import-untyped]  # it ships no types

SIDE = 32
CLASSES = 4


def build_model() -> keras.Model:
    """Return the untrained network.

    Convolutions do the same at every place, and global pooling keeps what was found best anywhere: so it does
    not matter where a shape lies. No layer looks at a batch as a whole, as batch normalisation would, so that
    any number of workers computes what one would, up to rounding.
    """
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1), name="images"),
            # Large enough to look through the noise of single pixels.
            keras.layers.Conv2D(16, 5, strides=2, padding="same", activation="relu"),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
            keras.layers.GlobalMaxPooling2D(),
            keras.layers.Dense(CLASSES, activation="softmax", name="scores"),
        ]
    )
