"""Put all images where the ModelTraining looks for them, and make the buckets that it writes.

The store is found by the AWS_* environment variables that every S3 client knows.
"""

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import obstore
from examples.digits.data import Digits, load, save
from examples.digits.publish import PublishError, make_bucket, store_of
from obstore.exceptions import BaseError

FILE = "digits.npz"
BUCKETS = ("data", "training", "models")


def everything() -> Digits:
    """Return all 1,797 images."""
    parts = load()
    return Digits(
        np.concatenate([part.pixels for part in parts]), np.concatenate([part.labels for part in parts])
    )


def upload(environment: Mapping[str, str]) -> str:
    """Upload the images; returns their URI.

    Raises
    ------
    PublishError
        The store refuses or does not answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, FILE)
        save(everything(), file)
        return upload_file(file, environment)


def upload_file(file: Path, environment: Mapping[str, str]) -> str:
    """Upload a file of samples, and make the buckets of a training; returns its URI.

    Raises
    ------
    PublishError
        The store refuses or does not answer.
    """
    for bucket in BUCKETS:
        make_bucket(store_of(bucket, environment))
    try:
        obstore.put(store_of("data", environment), file.name, file)
    except BaseError as error:
        raise PublishError("the store refuses the upload: check the credentials") from error
    return f"s3://data/{file.name}"


def main() -> None:
    """Upload, and print where the images are."""
    try:
        print(f"uri: {upload(os.environ)}")
    except PublishError as error:
        sys.exit(f"not uploaded: {error}")


if __name__ == "__main__":
    main()
