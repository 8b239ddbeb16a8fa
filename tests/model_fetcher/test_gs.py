"""Artifacts from Google Cloud Storage."""

import json
import random
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.model_fetcher.conftest import Fetcher, Outcome
from tests.support.cutting_relay import run_relay
from tests.support.gs_server import GsServer, run_gs_server

MODEL = {
    "saved_model.pb": b"graph",
    "variables/variables.data-00000-of-00001": random.Random(7).randbytes(300_000),  # noqa: S311  test data
}
URI = "gs://models/digits/1"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def gs(key: rsa.RSAPrivateKey) -> Iterator[GsServer]:
    """Run a store that holds the model, and neighbours that do not belong to it."""
    with run_gs_server(key) as server:
        server.objects = {
            **{f"digits/1/{path}": content for path, content in MODEL.items()},
            "digits/10/saved_model.pb": b"version 10",
            "digits/today.tflite": b"one file",
        }
        yield server


def run(fetcher: Fetcher, gs: GsServer, uri: str = URI, *flags: str, **values: str) -> Outcome:
    secret = fetcher.secret({"key.json": gs.account_key(), "GOOGLE_BASE_URL": gs.url, **values})
    return fetcher.run(uri, *secret, *flags)


def assert_published(fetcher: Fetcher, outcome: Outcome, model: dict[str, bytes]) -> None:
    assert outcome.exit_code == 0, outcome.output
    found = {
        path.relative_to(fetcher.version).as_posix(): path.read_bytes()
        for path in fetcher.version.rglob("*")
        if path.is_file()
    }
    assert found == model


def test_a_folder_is_brought_with_the_key_of_a_service_account(fetcher: Fetcher, gs: GsServer) -> None:
    assert_published(fetcher, run(fetcher, gs), MODEL)


def test_one_object_is_brought(fetcher: Fetcher, gs: GsServer) -> None:
    outcome = run(fetcher, gs, "gs://models/digits/today.tflite")
    assert_published(fetcher, outcome, {"model.tflite": b"one file"})


def test_a_public_bucket_needs_no_secret(fetcher: Fetcher, gs: GsServer) -> None:
    gs.is_public = True
    assert_published(fetcher, fetcher.run(URI, environment={"GOOGLE_BASE_URL": gs.url}), MODEL)


def test_a_cut_connection_is_resumed_where_it_broke(fetcher: Fetcher, gs: GsServer) -> None:
    with run_relay(gs.url) as relay:
        relay.sends_at_most_bytes = 200_000
        assert_published(fetcher, run(fetcher, gs, GOOGLE_BASE_URL=relay.url), MODEL)
        assert any("range: bytes=" in head.lower() for head in relay.requests)


def test_a_bucket_that_may_not_be_read_is_named_with_the_rights_that_are_needed(
    fetcher: Fetcher, gs: GsServer
) -> None:
    stranger = gs.account_key(client_email="stranger@project.iam.gserviceaccount.com")
    for outcome in (
        run(fetcher, gs, **{"key.json": stranger}),
        fetcher.run(URI, environment={"GOOGLE_BASE_URL": gs.url}),
    ):
        assert outcome.exit_code == 1
        assert "storage.objects.get and storage.objects.list" in outcome.termination_message


def test_fields_of_the_key_that_do_not_sign_change_nothing(fetcher: Fetcher, gs: GsServer) -> None:
    odd = json.loads(gs.account_key()) | {"disable_oauth": True, "gcs_base_url": "http://169.254.169.254"}
    assert_published(fetcher, run(fetcher, gs, **{"key.json": json.dumps(odd)}), MODEL)


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "authorized_user"},
        {"type": "external_account"},
        {"private_key": "guessed-secret"},
        {"private_key": ""},
    ],
)
def test_a_key_that_cannot_sign_is_wrong_use_and_is_not_told(
    fetcher: Fetcher, gs: GsServer, changes: dict[str, str]
) -> None:
    outcome = run(fetcher, gs, **{"key.json": gs.account_key(**changes)})
    assert outcome.exit_code == 2, outcome.output
    assert "key.json" in outcome.termination_message
    assert "guessed-secret" not in outcome.output
    assert gs.requests == []


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", '{"type": "service_account"}'])
def test_what_is_no_key_at_all_is_wrong_use(fetcher: Fetcher, gs: GsServer, text: str) -> None:
    assert run(fetcher, gs, **{"key.json": text}).exit_code == 2


def test_a_store_at_a_metadata_address_is_refused(fetcher: Fetcher, gs: GsServer) -> None:
    outcome = run(fetcher, gs, GOOGLE_BASE_URL="http://169.254.169.254")
    assert outcome.exit_code == 1
    assert "from which no artifact may come" in outcome.termination_message
