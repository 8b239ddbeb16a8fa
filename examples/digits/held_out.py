"""Fetch the images that the ModelTraining of modeltraining.yaml kept for the test: no network has seen them.

The store is found by the AWS_* environment variables that every S3 client knows.
"""

import argparse
import io
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import obstore
from examples.digits.publish import PublishError, store_of
from obstore.exceptions import BaseError

BUCKET, PREFIX, NAME = "training", "digits/data/", "test.npz"


def held_out(environment: Mapping[str, str], file: Path) -> int:
    """Write the images of the latest run in the form of `examples.digits.data`; returns how many there are.

    Raises
    ------
    PublishError
        The store refuses, or no training has prepared its data yet.
    """
    store = store_of(BUCKET, environment)
    try:
        found = [one for page in obstore.list(store, PREFIX) for one in page if one["path"].endswith(NAME)]
        if not found:
            raise PublishError(f"s3://{BUCKET}/{PREFIX} has no {NAME}: wait for the condition DataReady")
        latest = max(found, key=lambda one: one["last_modified"])["path"]
        content = obstore.get(store, latest).bytes().to_bytes()
    except BaseError as error:
        raise PublishError("the store refuses: check the credentials") from error
    with np.load(io.BytesIO(content)) as arrays:
        np.savez_compressed(file, pixels=arrays["features"], labels=arrays["labels"])
        return len(arrays["labels"])


def main() -> None:
    """Fetch, and say how many there are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/digits/test.npz"), help="file to write")
    out = parser.parse_args().out
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        print(f"{held_out(os.environ, out)} images in {out}")
    except PublishError as error:
        sys.exit(f"not fetched: {error}")


if __name__ == "__main__":
    main()
