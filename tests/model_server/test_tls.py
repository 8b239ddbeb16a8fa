"""Certificates of gRPC, as an SSLConfig file gives them."""

import json
import ssl
from pathlib import Path

import pytest
import trustme

from fogline_model_server import tls
from fogline_model_server.errors import ConfigError


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def written(folder: Path, **fields: object) -> Path:
    file = folder / "ssl.config"
    file.write_text("\n".join(f"{name}: {json.dumps(value)}" for name, value in fields.items()))
    return file


def pem(leaf: trustme.LeafCert) -> dict[str, str]:
    return {
        "server_key": leaf.private_key_pem.bytes().decode(),
        "server_cert": leaf.cert_chain_pems[0].bytes().decode(),
    }


def test_a_key_and_its_certificate_make_a_context_for_http2(tmp_path: Path, authority: trustme.CA) -> None:
    found = tls.read(written(tmp_path, **pem(authority.issue_cert("localhost"))))
    assert tls.context(found).verify_mode is ssl.CERT_NONE


def test_clients_are_asked_for_certificates_when_the_file_says_so(
    tmp_path: Path, authority: trustme.CA
) -> None:
    leaf = pem(authority.issue_cert("localhost"))
    known = authority.cert_pem.bytes().decode()
    found = tls.read(written(tmp_path, **leaf, custom_ca=known, client_verify=True))
    assert tls.context(found).verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("missing", ["server_key", "server_cert"])
def test_a_key_without_certificate_is_refused(tmp_path: Path, authority: trustme.CA, missing: str) -> None:
    fields = pem(authority.issue_cert("localhost"))
    del fields[missing]
    with pytest.raises(ConfigError, match="no server_key and server_cert in PEM form that fit together"):
        tls.read(written(tmp_path, **fields))


def test_a_key_of_another_certificate_is_refused(tmp_path: Path, authority: trustme.CA) -> None:
    fields = pem(authority.issue_cert("localhost"))
    fields["server_key"] = pem(authority.issue_cert("localhost"))["server_key"]
    with pytest.raises(ConfigError, match="fit together"):
        tls.read(written(tmp_path, **fields))


def test_asking_clients_needs_an_authority(tmp_path: Path, authority: trustme.CA) -> None:
    fields = pem(authority.issue_cert("localhost"))
    with pytest.raises(ConfigError, match="has no custom_ca"):
        tls.read(written(tmp_path, **fields, client_verify=True))


def test_an_authority_that_is_none_is_refused(tmp_path: Path, authority: trustme.CA) -> None:
    fields = pem(authority.issue_cert("localhost"))
    with pytest.raises(ConfigError, match=r"ssl\.config"):
        tls.read(written(tmp_path, **fields, custom_ca="no certificate"))


def test_the_text_must_be_an_ssl_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Error parsing text-format tensorflow\.serving\.SSLConfig"):
        tls.read(written(tmp_path, colour="red"))
    with pytest.raises(ConfigError, match=r"Cannot read .*missing"):
        tls.read(tmp_path / "missing")
