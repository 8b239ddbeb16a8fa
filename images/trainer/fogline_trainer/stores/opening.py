"""Which store a URI means, with the credentials of its Secret."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fogline_model_fetcher.errors import FetchError, UsageError
from fogline_model_fetcher.mounted import check_way
from fogline_model_fetcher.settings import Settings, parse_flags, parse_settings
from fogline_model_fetcher.sources import open_bucket
from fogline_model_fetcher.uris import BucketUri, MountedUri, parse_uri
from fogline_trainer.errors import Reason, RefusedError
from fogline_trainer.stores.bucket import BucketStore
from fogline_trainer.stores.folder import FolderStore
from fogline_trainer.stores.store import Store


@dataclass(frozen=True, slots=True)
class Mounts:
    """Where the pod has what belongs to a role: data, workspace, model, publish."""

    secrets: Path
    volumes: Path

    def settings(self, role: str, uri: str, *flags: str) -> Settings:
        """Return how the fetcher reaches a URI of a role; its own settings hold, from its environment.

        Raises
        ------
        UsageError
            The URI or one of the settings is wrong.
        """
        secret = self.secrets / role
        credentials: Sequence[str] = ("--credentials", str(secret)) if secret.is_dir() else ()
        mounted = ("--mounted", str(self.volumes / role)) if uri.startswith("pvc://") else ()
        # Without a volume the fetcher wants to know where to; only a fetch says so, in its own flags.
        target = () if mounted or flags else ("--destination", ".", "--version", "0")
        return parse_settings(parse_flags(("--uri", uri, *credentials, *mounted, *target, *flags)))


@contextmanager
def open_store(role: str, uri: str, mounts: Mounts) -> Iterator[Store]:
    """Open the folder of a role.

    Raises
    ------
    RefusedError
        StoreRefused: the URI, the Secret or the volume cannot be used.
    """
    try:
        settings = mounts.settings(role, uri)
        parsed = parse_uri(uri)
        if isinstance(parsed, MountedUri) and settings.folder.is_dir():
            yield _folder(parsed, settings.folder)
            return
        if not isinstance(parsed, BucketUri):
            raise UsageError(f"the {role} URI must be s3://bucket/key, gs://bucket/key or pvc://claim/path")
        with open_bucket(parsed, settings) as (client, guard):
            yield BucketStore(str(parsed), parsed.key, client, guard)
    except FetchError as error:
        raise RefusedError(Reason.STORE_REFUSED, f"the {role} cannot be used: {error}") from None


def _folder(uri: MountedUri, volume: Path) -> FolderStore:
    root = volume / uri.path
    if root.exists():
        check_way(uri, volume)
    return FolderStore(str(uri).rstrip("/"), root)
