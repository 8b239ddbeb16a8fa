"""Rules on the URIs of files: each scheme has its way to write a place."""

import re
from typing import Any

from fogline.api.fields import DOMAIN, ApiObject, schema_pattern
from fogline.api.rule import Rule

_OBJECT_URI = r"^(s3|gs)://[A-Za-z0-9][-A-Za-z0-9._]{1,221}(/[^/]+)+/?\Z"
_FILE_URI = r"^https://[^/?#]+/([^?#]*[^/?#])([?].*)?\Z"
_CLAIM_URI = rf"^pvc://{DOMAIN}(/[^/]+)*/?\Z"
_LONG_CLAIM = "^pvc://[^/]{254}"
_DOTS = r"/[.][.]?(/|\Z)"
_IMAGE_URI = r"^oci://[A-Za-z0-9][-A-Za-z0-9._:/]*(@sha256:[0-9a-f]{64})?\Z"
_FOLDER = r"^(s3|gs|pvc)://([^/]*|.*/)\Z"


def uri_rules(kind: type[ApiObject], *schemes: str, is_file: bool = False) -> tuple[Rule[Any], ...]:
    """Give the rules on ``uri`` and ``secretName`` of a type of object.

    Parameters
    ----------
    schemes
        Those that the pattern of the field lets through.
    is_file
        Whether the URI must name one file.
    """
    rules: dict[str, tuple[Rule[Any], ...]] = {
        "https": (_no_password(kind), _web_file(kind)),
        "s3": (_bucket(kind),),
        "pvc": (_claim(kind), _no_secret(kind)),
        "oci": (_image(kind),),
    }
    found = [rule for scheme in schemes for rule in rules[scheme]]
    return (*found, _one_file(kind)) if is_file else tuple(found)


def _no_password(kind: type[ApiObject]) -> Rule[Any]:
    return Rule(
        on=kind,
        field="uri",
        message="a URI holds no user or password; put them into the Secret that secretName names",
        cel="!self.uri.matches('^https://[^/]*@')",
        holds=lambda one: not re.match(r"https://[^/]*@", one.uri),
    )


def _bucket(kind: type[ApiObject]) -> Rule[Any]:
    return Rule(
        on=kind,
        field="uri",
        message="a bucket is written s3://bucket/key or gs://bucket/key; no empty parts, . or .. in the key",
        cel=f"!self.uri.matches('^(s3|gs)://') ||\n  (self.uri.matches('{schema_pattern(_OBJECT_URI)}') && "
        "!self.uri.matches('/[.][.]?(/|$)'))",
        holds=lambda one: (
            not one.uri.startswith(("s3://", "gs://"))
            or bool(re.match(_OBJECT_URI, one.uri) and not re.search(_DOTS, one.uri))
        ),
    )


def _web_file(kind: type[ApiObject]) -> Rule[Any]:
    return Rule(
        on=kind,
        field="uri",
        message="a web server is asked for one file: https://host/path/file",
        cel=f"!self.uri.startsWith('https://') ||\n  self.uri.matches('{schema_pattern(_FILE_URI)}')",
        holds=lambda one: not one.uri.startswith("https://") or bool(re.match(_FILE_URI, one.uri)),
    )


def _claim(kind: type[ApiObject]) -> Rule[Any]:
    def is_plain(uri: str) -> bool:
        return (
            bool(re.match(_CLAIM_URI, uri)) and not re.match(_LONG_CLAIM, uri) and not re.search(_DOTS, uri)
        )

    return Rule(
        on=kind,
        field="uri",
        message="a volume is written pvc://claim/path, without empty parts, . or .. in the path",
        cel=f"!self.uri.startsWith('pvc://') ||\n  (self.uri.matches('{schema_pattern(_CLAIM_URI)}') && "
        f"!self.uri.matches('{_LONG_CLAIM}') && !self.uri.matches('/[.][.]?(/|$)'))",
        holds=lambda one: not one.uri.startswith("pvc://") or is_plain(one.uri),
    )


def _image(kind: type[ApiObject]) -> Rule[Any]:
    return Rule(
        on=kind,
        field="uri",
        message="an image is written oci://registry/name:tag, oci://registry/name@sha256:digest, or both",
        cel=f"!self.uri.startsWith('oci://') ||\n  self.uri.matches('{schema_pattern(_IMAGE_URI)}')",
        holds=lambda one: not one.uri.startswith("oci://") or bool(re.match(_IMAGE_URI, one.uri)),
    )


def _no_secret(kind: type[ApiObject]) -> Rule[Any]:
    return Rule(
        on=kind,
        field="secretName",
        message="a pvc:// URI is a volume and needs no secretName",
        cel="!has(self.secretName) || !self.uri.startsWith('pvc://')",
        holds=lambda one: one.secret_name is None or not one.uri.startswith("pvc://"),
    )


def _one_file(kind: type[ApiObject]) -> Rule[Any]:
    return Rule(
        on=kind,
        field="uri",
        message="must name one file, not a folder, a bucket or a claim",
        cel=f"!self.uri.matches('{schema_pattern(_FOLDER)}')",
        holds=lambda one: not re.match(_FOLDER, one.uri),
    )
