"""Images of shapes, drawn from a seed: each has a circle, a square, a triangle or a cross."""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIDE = 32
CLASSES = ("circle", "square", "triangle", "cross")
SEED = 7
COUNT = 4000
NOISE = 30.0
"""Standard deviation, of 255."""


def draw(count: int = COUNT, seed: int = SEED) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return images [count, 32, 32, 1] and their classes; the same seed gives the same images."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.uint8) % len(CLASSES)
    x, y = _turned(generator, count)
    inside = np.select([labels[:, None, None] == number for number in range(len(CLASSES))], _shapes(x, y))
    paper, ink = generator.uniform(20, 100, (count, 1, 1)), generator.uniform(140, 230, (count, 1, 1))
    images = np.where(inside, ink, paper) + generator.normal(0, NOISE, inside.shape)
    return np.clip(images, 0, 255).astype(np.uint8)[..., np.newaxis], labels


def _turned(generator: np.random.Generator, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the coordinates of every pixel, seen from the shape, which reaches from -1 to 1."""
    place = np.arange(SIDE) - (SIDE - 1) / 2
    radius = generator.uniform(7, 12, (count, 1, 1))
    right, down = generator.uniform(-4, 4, (2, count, 1, 1))
    angle = generator.uniform(0, 2 * np.pi, (count, 1, 1))
    x, y = (
        (place[np.newaxis, np.newaxis, :] - right) / radius,
        (place[np.newaxis, :, np.newaxis] - down) / radius,
    )
    return x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)


def _shapes(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[NDArray[np.bool_]]:
    slope = np.sqrt(3) * np.abs(x)
    return [
        x**2 + y**2 < 1,
        np.maximum(np.abs(x), np.abs(y)) < 0.8,  # noqa: PLR2004  half a side
        (y > -0.5) & (slope + y < 1),  # noqa: PLR2004  equilateral
        (np.minimum(np.abs(x), np.abs(y)) < 0.3) & (np.maximum(np.abs(x), np.abs(y)) < 1),  # noqa: PLR2004  arms
    ]


def write(file: Path, count: int = COUNT, seed: int = SEED) -> None:
    """Write images into a file that a ModelTraining reads."""
    images, labels = draw(count, seed)
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(file, images=images, labels=labels)


def main() -> None:
    """Write the file that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/shapes/shapes.npz"), help="file to write")
    parser.add_argument("--count", type=int, default=COUNT, help="images")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    write(arguments.out, arguments.count, arguments.seed)
    print(f"wrote {arguments.count} images to {arguments.out}")


if __name__ == "__main__":
    main()
