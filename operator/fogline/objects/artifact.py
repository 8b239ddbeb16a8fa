"""Where the model's files come from and where they lie inside a serving pod."""

from fogline.api import Artifact, ModelDeployment

MODELS_FOLDER = "/models"
CREDENTIALS_FOLDER = "/var/run/fogline/credentials"

FETCHED_SCHEMES = ("s3", "https")
"""Schemes that the model fetcher brings."""


def scheme(artifact: Artifact) -> str:
    """Scheme of the URI, such as ``s3``."""
    return artifact.uri.partition("://")[0]


def version(artifact: Artifact) -> int:
    """Give the version that is served: the last part of the URI if it is a number, else 1."""
    last = artifact.uri.rstrip("/").rpartition("/")[2]
    return int(last) if last.isascii() and last.isdecimal() else 1


def base_path(model: ModelDeployment) -> str:
    """Folder that holds one numbered folder for each version."""
    return f"{MODELS_FOLDER}/{model.model_name}"
