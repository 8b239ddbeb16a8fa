"""Credentials of a web server: sent where they belong, and nowhere else."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.model_fetcher.conftest import Fetcher, Outcome
from tests.support.https_server import Answer, HttpsServer, run_https_server

TOKEN = "s3cr3t-token"  # noqa: S105  made up
PASSWORD = "s3cr3t-pässword"  # noqa: S105  made up
BASIC = "Basic " + base64.b64encode(f"reader:{PASSWORD}".encode()).decode()


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpsServer]:
    with run_https_server(tmp_path_factory.mktemp("elsewhere")) as server:
        yield server


def run(fetcher: Fetcher, web: HttpsServer, values: dict[str, str], *flags: str) -> Outcome:
    return fetcher.run(
        f"{web.url}/model.tflite", "--ca-file", str(web.ca_file), *fetcher.secret(values), *flags
    )


@pytest.mark.parametrize(
    ("values", "sent"),
    [
        ({"token": f"{TOKEN}\n"}, f"Bearer {TOKEN}"),
        ({"username": "reader", "password": PASSWORD}, BASIC),
    ],
)
def test_a_token_or_a_user_goes_with_every_request(
    fetcher: Fetcher, web: HttpsServer, values: dict[str, str], sent: str
) -> None:
    web.answers = [Answer(b"model")]
    outcome = run(fetcher, web, values)
    assert outcome.exit_code == 0, outcome.output
    assert web.authorizations == [sent, sent]


def test_credentials_are_not_sent_to_where_a_server_redirects(
    fetcher: Fetcher, web: HttpsServer, elsewhere: HttpsServer, tmp_path: Path
) -> None:
    both = tmp_path / "both.pem"
    both.write_text(web.ca_file.read_text() + elsewhere.ca_file.read_text())
    web.answers = [Answer(status=307, location=f"{elsewhere.url}/model.tflite")]
    elsewhere.answers = [Answer(b"model")]
    outcome = run(fetcher, web, {"token": TOKEN}, "--ca-file", str(both))
    assert outcome.exit_code == 0, outcome.output
    assert set(web.authorizations) == {f"Bearer {TOKEN}"}
    assert set(elsewhere.authorizations) == {None}


def test_an_authority_of_ones_own_may_lie_in_the_secret(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [Answer(b"model")]
    secret = fetcher.secret({"ca.crt": web.ca_file.read_text()})
    assert fetcher.run(f"{web.url}/model.tflite", *secret).exit_code == 0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "does not exist or holds none of the keys that are of use here: token, username, password"),
        ({"AWS_ACCESS_KEY_ID": "id"}, "holds none of the keys that are of use here"),
        ({"token": TOKEN, "username": "reader", "password": PASSWORD}, "keep one of them"),
        ({"username": "reader"}, "a username, without a colon, and a password"),
        ({"password": PASSWORD}, "a username, without a colon, and a password"),
        ({"username": "a:b", "password": PASSWORD}, "a username, without a colon, and a password"),
        ({"token": f"{TOKEN}\r\nHost: elsewhere"}, "characters that no token has"),
        ({"ca.crt": "no certificate"}, "are not in PEM form"),
    ],
)
def test_a_secret_that_cannot_be_used_is_wrong_use_and_is_not_told(
    fetcher: Fetcher, web: HttpsServer, values: dict[str, str], words: str
) -> None:
    outcome = run(fetcher, web, values)
    assert outcome.exit_code == 2, outcome.output
    assert words in outcome.termination_message
    assert "s3cr3t" not in outcome.output + outcome.termination_message
    assert web.authorizations == []


@pytest.mark.parametrize("status", [401, 403, 503])
def test_credentials_that_a_server_refuses_are_not_told(
    fetcher: Fetcher, web: HttpsServer, status: int
) -> None:
    web.answers = [Answer(status=status)]
    outcome = run(fetcher, web, {"username": "reader", "password": PASSWORD}, "--attempts", "2")
    assert outcome.exit_code == 1
    for secret in (PASSWORD, BASIC.removeprefix("Basic ")):
        assert secret not in outcome.output + outcome.termination_message
        assert not [path for path in fetcher.destination.rglob("*.json") if secret in path.read_text()]
