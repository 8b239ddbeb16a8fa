"""Publish a version: claimed first, verified, then told of. A run that was cut off goes on with its own.

``versions/<n>.claim`` reserves a number for one run; ``versions/<n>.json`` is written last, and makes the
version exist. Numbers that were claimed and never published are left out.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fogline_model_fetcher.digest import sha256_of
from fogline_trainer.errors import InterruptedStageError, Reason, RefusedError
from fogline_trainer.layout import FORMS, Form
from fogline_trainer.run_document import RunDocument
from fogline_trainer.stores.store import Store

VERSIONS = "versions"
MAX_TRIES = 20
"""Others that claim numbers at the same time."""
MAX_CLAIMS_READ = 50
"""A run that is tried again is not older than so many others."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A form that passed its gate."""

    form: Form
    folder: Path
    measured: Mapping[str, Any]
    """What the status is to tell of it."""


def find(store: Store, document: RunDocument) -> dict[str, Any] | None:
    """Return what an earlier attempt of this run has published; None if nothing."""
    version = _claimed(store, document)
    content = store.read(_record(version)) if version else None
    return dict(json.loads(content)) if content else None


def publish(
    store: Store, document: RunDocument, exported: Sequence[Exported], evaluation: Mapping[str, Any]
) -> dict[str, Any]:
    """Publish all forms as one version.

    Parameters
    ----------
    evaluation
        Of the network; kept beside the forms.

    Returns
    -------
    dict
        What ``versions/<n>.json`` holds.

    Raises
    ------
    StageError
        StoreRefused or VersionTaken.
    """
    version = _claimed(store, document) or _claim(store, document)
    forms = [_put(store, version, one) for one in exported]
    told = {
        "version": version,
        "uri": f"{store.uri}/{_record(version)}",
        "evaluation": evaluation,
        "forms": forms,
        **_owner(document),
    }
    content = json.dumps(told, indent=1).encode()
    if not store.create(_record(version), content):
        raise InterruptedStageError(
            Reason.VERSION_TAKEN, f"version {version} of {store.uri} was published by somebody else meanwhile"
        )
    return told


def _put(store: Store, version: int, exported: Exported) -> dict[str, Any]:
    name = f"{exported.form.folder}/{version}"
    store.put_folder(exported.folder, name, last=(exported.form.main_file,))
    files = [path for path in exported.folder.rglob("*") if path.is_file()]
    for path in files:
        content = store.read(f"{name}/{path.relative_to(exported.folder).as_posix()}")
        if hashlib.sha256(content or b"").digest() != hashlib.sha256(path.read_bytes()).digest():
            raise InterruptedStageError(
                Reason.STORE_REFUSED,
                f"{store.uri} does not return what was written to it: nothing is published",
            )
    return {
        "form": exported.form.name,
        "uri": f"{store.uri}/{name}",
        "sha256": sha256_of(exported.folder),
        "bytes": sum(path.stat().st_size for path in files),
        **exported.measured,
    }


def _claimed(store: Store, document: RunDocument) -> int | None:
    """Return the number that this run has claimed."""
    owner = json.dumps(_owner(document)).encode()
    claims = (int(name.removesuffix(".claim")) for name in store.names(VERSIONS) if name.endswith(".claim"))
    newest = sorted(claims, reverse=True)[:MAX_CLAIMS_READ]
    return next((number for number in newest if store.read(_claim_file(number)) == owner), None)


def _claim(store: Store, document: RunDocument) -> int:
    """Claim the number after the highest that is in use, or reserved."""
    for _ in range(MAX_TRIES):
        names = {name.partition(".")[0] for name in store.names(VERSIONS)}
        names.update(*(store.names(form.folder) for form in FORMS.values()))
        version = max((int(name) for name in names if name.isdecimal()), default=0) + 1
        if store.create(_claim_file(version), json.dumps(_owner(document)).encode()):
            return version
    raise RefusedError(
        Reason.VERSION_TAKEN,
        f"others publish to {store.uri} all the time: give this training a folder of its own",
    )


def _owner(document: RunDocument) -> dict[str, Any]:
    return {"training": document.uid, "run": document.run}


def _claim_file(version: int) -> str:
    return f"{VERSIONS}/{version}.claim"


def _record(version: int) -> str:
    return f"{VERSIONS}/{version}.json"
