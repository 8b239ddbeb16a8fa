"""Upload the exported forms to a bucket of an S3 store and print what a ModelDeployment says about them.

The store is found by the AWS_* environment variables that every S3 client knows: AWS_ENDPOINT_URL,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION.
"""

import argparse
import datetime as dt
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from fogline_model_fetcher.digest import sha256_of

FORMS = ("savedmodel", "tflite")
VERSION = "1"
BUCKET_EXISTS = 409
REQUEST_SECONDS = 30


class PublishError(Exception):
    """The forms are not all in the bucket."""


@dataclass(frozen=True, slots=True)
class Published:
    """One artifact in the bucket: the fields of ``artifact`` of a variant."""

    uri: str
    sha256: str


def publish(out: Path, bucket: str, prefix: str, environment: Mapping[str, str]) -> list[Published]:
    """Upload every form below a folder to ``s3://<bucket>/<prefix>/<form>/1``.

    Raises
    ------
    PublishError
        A form is missing, or the store refuses.
    """
    store = store_of(bucket, environment)
    make_bucket(store)
    return [_publish_form(store, out / form / VERSION, f"{prefix}/{form}/{VERSION}") for form in FORMS]


def make_bucket(store: S3Store) -> None:
    """Make the bucket of a client unless it is there.

    Raises
    ------
    PublishError
        The store refuses.
    """
    # The client has no call for buckets, but it can sign one: an S3 bucket is made by a PUT of its path.
    url = obstore.sign(store, "PUT", "", dt.timedelta(seconds=REQUEST_SECONDS))
    request = urllib.request.Request(url, method="PUT")  # noqa: S310  http and https, as the endpoint says
    try:
        urllib.request.urlopen(request, timeout=REQUEST_SECONDS).close()  # noqa: S310  see above
    except urllib.error.HTTPError as error:
        with error:
            if error.code != BUCKET_EXISTS:
                raise PublishError(f"the store refuses to make the bucket (status {error.code})") from None
    except OSError:
        raise PublishError("the store does not answer: check AWS_ENDPOINT_URL") from None


def _publish_form(store: S3Store, folder: Path, prefix: str) -> Published:
    files = list(_files_below(folder))
    if not files:
        raise PublishError(f"there is nothing in {folder}: run examples.digits.export first")
    try:
        for file in files:
            obstore.put(store, f"{prefix}/{file.relative_to(folder).as_posix()}", file)
    except BaseError as error:
        raise PublishError("the store refuses the upload: check the credentials") from error
    return Published(f"s3://{store.config['bucket']}/{prefix}", sha256_of(folder))


def _files_below(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def store_of(bucket: str, environment: Mapping[str, str]) -> S3Store:
    """Give a client of a bucket.

    Raises
    ------
    PublishError
        Credentials are missing.
    """
    missing = [name for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") if not environment.get(name)]
    if missing:
        raise PublishError(f"set {' and '.join(missing)}")
    endpoint = environment.get("AWS_ENDPOINT_URL")
    return S3Store(
        bucket,
        config={
            "access_key_id": environment["AWS_ACCESS_KEY_ID"],
            "secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
            "region": environment.get("AWS_REGION", "us-east-1"),
            **({"endpoint": endpoint} if endpoint else {}),
        },
        client_options={"allow_http": bool(endpoint and endpoint.startswith("http://"))},
    )


def main() -> None:
    """Publish, and print one line for each artifact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/digits"), help="folder of the exported forms")
    parser.add_argument("--bucket", default="models")
    parser.add_argument("--prefix", default="digits")
    arguments = parser.parse_args()
    try:
        published = publish(arguments.out, arguments.bucket, arguments.prefix, os.environ)
    except PublishError as error:
        sys.exit(f"not published: {error}")
    for artifact in published:
        print(f"uri: {artifact.uri}\nsha256: {artifact.sha256}")


if __name__ == "__main__":
    main()
