"""The Secret of an artifact, mounted as a folder with one file for each key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fogline_model_fetcher.errors import UsageError

CA_KEY = "ca.crt"
"""Certificates of authorities to trust besides those of the system, PEM; any Secret may hold it."""


@dataclass(frozen=True, slots=True)
class Secret:
    """Values by key. Printing it shows none of them."""

    folder: Path | None
    """None: there is no Secret."""

    def text(self, key: str) -> str | None:
        """Return a value without white space around it; None when there is none.

        Raises
        ------
        UsageError
            It cannot be read, or is no text.
        """
        try:
            return (self.folder / key).read_text("utf-8").strip() or None if self.folder else None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise UsageError(f"the key {key} of the artifact's Secret cannot be read") from None

    def require_any(self, keys: Sequence[str]) -> None:
        """Refuse a Secret that holds nothing of use, which is a mistake of whoever named it.

        Raises
        ------
        UsageError
            It is missing, or has none of the keys.
        """
        if self.folder is None or any(self.text(key) for key in (*keys, CA_KEY)):
            return
        listed = ", ".join((*keys, CA_KEY))
        raise UsageError(
            f"the artifact's Secret does not exist or holds none of the keys that are of use here: {listed}"
        )


def from_secret_or_environment(
    secret: Secret, environment: Mapping[str, str], keys: Sequence[str]
) -> dict[str, str | None]:
    """Collect values; the Secret beats an environment variable of the same name."""
    return {key: secret.text(key) or environment.get(key, "").strip() or None for key in keys}
