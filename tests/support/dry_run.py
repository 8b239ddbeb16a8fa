"""What the API server says to an object that it is not to keep.

It is asked as kubectl asks, without the start of kubectl for each of hundreds of objects.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dev.api import Connection, connect
from dev.errors import DevError

from fogline.cluster.documents import Document
from fogline.cluster.kinds import kind_of

_NO_VALID_OBJECT = r": (400|422) "
"""In an error, as opposed to a server that is not there or lets nobody in."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """Asks one API server, as its administrator."""

    _api: Connection

    def stored(self, manifest: Mapping[str, Any]) -> Document:
        """Return what it would keep."""
        path = kind_of(manifest).path("default")
        found: Document = self._api.request("POST", f"{path}?dryRun=All&fieldValidation=Strict", manifest)
        return found

    def refusal(self, manifest: Mapping[str, Any]) -> str:
        """Return why it is no valid object.

        It is a failure of the test when the API server would keep it, or does not judge it.
        """
        with pytest.raises(DevError, match=_NO_VALID_OBJECT) as refused:
            self.stored(manifest)
        return str(refused.value)


@contextmanager
def dry_runs(kubeconfig: Path) -> Iterator[DryRun]:
    """Keep one connection for all questions."""
    with connect(kubeconfig) as api:
        yield DryRun(api)
