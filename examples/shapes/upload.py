"""Put the images where the ModelTraining looks for them, and make the buckets that it writes.

The store is found by the AWS_* environment variables that every S3 client knows.
"""

import os
import sys
import tempfile
from pathlib import Path

from examples.digits.publish import PublishError
from examples.digits.upload import upload_file
from examples.shapes.data import write


def main() -> None:
    """Upload, and print where the images are."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "shapes.npz")
        write(file)
        try:
            print(f"uri: {upload_file(file, os.environ)}")
        except PublishError as error:
            sys.exit(f"not uploaded: {error}")


if __name__ == "__main__":
    main()
