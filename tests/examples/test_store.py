"""The S3 store of the cluster: its command line and its Secrets work together."""

import os
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import obstore
import pytest
from dev import libyaml
from dev.ports import free_port
from dev.programs import program
from dev.store import StoreCredentials, random_credentials, reader_secret, root_secret
from tests.support.s3_server import S3Server, wait_for_port

from fogline_model_fetcher.s3_access import KEY_NAMES, read_s3_access
from fogline_model_fetcher.secret import Secret

MANIFEST = Path("dev/manifests/s3.yaml")


def container() -> dict[str, Any]:
    (deployment,) = (
        document for document in libyaml.load_all(MANIFEST.read_text()) if document["kind"] == "Deployment"
    )
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]["containers"][0]
    return found


def test_the_store_starts_with_the_arguments_and_the_secret_of_the_cluster(tmp_path: Path) -> None:
    credentials = random_credentials()
    port = free_port()
    places = {":7070": f"127.0.0.1:{port}"}
    for mount in ("/buckets", "/metadata"):
        places[mount] = str(tmp_path / mount.strip("/"))
        Path(places[mount]).mkdir()
    arguments = [places.get(argument, argument) for argument in container()["args"]]
    environment = {**os.environ, **root_secret(credentials)["stringData"]}
    with subprocess.Popen(
        [program("versitygw"), *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_for_port(port)
            health = container()["readinessProbe"]["httpGet"]["path"]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{health}", timeout=10) as answer:
                assert answer.status == 200
            store = S3Server(f"http://127.0.0.1:{port}", credentials.key_id, credentials.secret_key)
            bucket = store.make_bucket("models")
            obstore.put(bucket, "digits/1/model.tflite", b"model")
            entry = obstore.head(bucket, "digits/1/model.tflite")
            assert entry["size"] == 5
            assert entry["e_tag"]
        finally:
            process.terminate()


def test_the_fetcher_reads_the_secret_as_it_is_mounted(tmp_path: Path) -> None:
    values = reader_secret(StoreCredentials("id", "key"), "default")["stringData"]
    assert set(values) <= set(KEY_NAMES)
    for name, value in values.items():
        (tmp_path / name).write_text(value)
    access = read_s3_access(Secret(tmp_path), {})
    assert (access.key_id, access.secret_key, access.region) == ("id", "key", "us-east-1")
    assert access.endpoint_url == "http://s3.fogline-store.svc:7070"


def test_no_two_stores_share_credentials() -> None:
    first, second = random_credentials(), random_credentials()
    assert first != second
    assert first.secret_key not in repr(first)


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_the_manifest_holds_no_credentials(kind: str) -> None:
    assert all(document["kind"] != kind for document in libyaml.load_all(MANIFEST.read_text()))
