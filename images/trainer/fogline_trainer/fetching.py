"""Bring one file, by the rules of the model fetcher: guarded, resumable, bounded, checked."""

from pathlib import Path

from fogline_model_fetcher.digest import sha256_of
from fogline_model_fetcher.errors import DigestError, FetchError, TooBigError, TransientError, UsageError
from fogline_model_fetcher.fetch import Order, fetch
from fogline_model_fetcher.mounted import check_way
from fogline_model_fetcher.settings import Settings
from fogline_model_fetcher.sources import open_source
from fogline_model_fetcher.uris import MountedUri
from fogline_trainer.errors import InterruptedStageError, Reason, RefusedError, StageError
from fogline_trainer.stores.opening import Mounts


def bring(role: str, uri: str, sha256: str | None, mounts: Mounts, work: Path) -> Path:
    """Return a local copy of a file; one in a mounted claim is read where it is.

    Parameters
    ----------
    sha256
        Lower-case hexadecimal; None: not checked.
    work
        Folder for the copy. What is there already and is still the same is not brought again.

    Raises
    ------
    StageError
        DataUnreachable, DataCorrupt or InputTooLarge.
    """
    digest = ("--sha256", sha256) if sha256 else ()
    target = () if uri.startswith("pvc://") else ("--destination", str(work / role), "--version", "1")
    try:
        settings = mounts.settings(role, uri, *digest, *target)
        return _file(settings)
    except FetchError as error:
        raise _as_stage_error(error, role) from None


def _file(settings: Settings) -> Path:
    uri = settings.uri
    if isinstance(uri, MountedUri):
        check_way(uri, settings.folder)
        path = settings.folder / uri.path
        if path.is_dir():
            raise FetchError(f"{uri} is a folder: name one file")
        if settings.sha256 not in (None, sha256_of(path)):
            raise DigestError(f"the file at {uri} is not the one that sha256 promises")
        return path
    order = Order(
        uri=str(uri),
        destination=settings.folder,
        version=settings.version,
        sha256=settings.sha256,
        max_bytes=settings.max_bytes,
        attempts=settings.attempts,
        retry_wait_seconds=settings.retry_wait_seconds,
        connections=settings.connections,
        stall_seconds=settings.stall_seconds,
    )
    with open_source(uri, settings) as source:
        fetch(order, source)
    files = [path for path in (settings.folder / settings.version).iterdir() if path.is_file()]
    if len(files) != 1:
        raise FetchError(f"{uri} is a folder: name one file")
    return files[0]


def _as_stage_error(error: FetchError, role: str) -> StageError:
    text = f"the {role} cannot be brought: {error}"
    match error:
        case DigestError():
            return RefusedError(Reason.DATA_CORRUPT, text)
        case TooBigError():
            return RefusedError(Reason.TOO_LARGE, text)
        case UsageError():
            return RefusedError(Reason.DATA_UNREACHABLE, text)
    is_transient = isinstance(error, TransientError) or isinstance(error.__cause__, TransientError)
    return (InterruptedStageError if is_transient else RefusedError)(Reason.DATA_UNREACHABLE, text)
