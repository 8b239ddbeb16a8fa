"""The ModelDeployments that exist."""

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from fogline.api import ModelDeployment, ModelDeploymentMeta, ModelDeploymentStatus, parse
from fogline.errors import BadInputError
from fogline.names import ModelKey


@dataclass(frozen=True, slots=True)
class _Known:
    version: int
    content: ModelDeployment | BadInputError | None
    """None: deleted at this version; kept so that older news cannot bring the object back."""


class Models:
    """What we know of the ModelDeployments. It is state, not events: late and repeated news do no harm.

    An object that cannot be read, such as one stored before a rule was added, is kept as the error.
    Versions are compared as numbers, as Kubernetes allows for its own resources (KEP-5504).

    Parameters
    ----------
    namespaces
        Objects elsewhere are as if they did not exist; empty: all namespaces.
    """

    def __init__(self, namespaces: Collection[str] = ()) -> None:
        self._namespaces = frozenset(namespaces)
        self._known: dict[ModelKey, _Known] = {}

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[ModelKey]:
        return iter([key for key, known in self._known.items() if known.content is not None])

    def get(self, key: ModelKey) -> ModelDeployment | BadInputError | None:
        """Give the ModelDeployment, why it cannot be read, or None when it does not exist."""
        known = self._known.get(key)
        return known.content if known else None

    def takes(self, namespace: str) -> bool:
        """Tell whether the objects of a namespace are taken care of."""
        return not self._namespaces or namespace in self._namespaces

    def lag(self, versions: Mapping[ModelKey, str]) -> set[ModelKey]:
        """Tell of which objects we know less than somebody who gives the resourceVersion of all there are."""
        behind = {
            key
            for key, version in versions.items()
            if self.takes(key.namespace)
            and ((known := self._known.get(key)) is None or known.version < int(version))
        }
        return behind | {key for key in self if key not in versions}

    def remember(self, document: Mapping[str, Any]) -> ModelKey:
        """Keep the state of one object, unless something newer is known."""
        key, version = _version_of(document)
        known = self._known.get(key)
        if self.takes(key.namespace) and (known is None or version >= known.version):
            self._known[key] = _Known(version, _read(document, known.content if known else None))
        return key

    def forget(self, document: Mapping[str, Any]) -> ModelKey:
        """Drop an object that is gone, unless something newer is known."""
        key, version = _version_of(document)
        known = self._known.get(key)
        if self.takes(key.namespace) and (known is None or version >= known.version):
            self._known[key] = _Known(version, None)
        return key

    def replace(self, documents: Iterable[Mapping[str, Any]], resource_version: str) -> None:
        """Take a list for the truth, but for what is newer than the list."""
        listed = {self.remember(document) for document in documents}
        moment = int(resource_version)
        self._known = {
            key: known for key, known in self._known.items() if key in listed or known.version > moment
        }


def _read(
    document: Mapping[str, Any], known: ModelDeployment | BadInputError | None
) -> ModelDeployment | BadInputError:
    """Read an object. Most news is of a status that we wrote ourselves: then its spec was read before."""
    if isinstance(known, ModelDeployment) and _is_same_spec(document["metadata"], known):
        with contextlib.suppress(msgspec.ValidationError):
            return msgspec.structs.replace(
                known,
                metadata=msgspec.convert(document["metadata"], ModelDeploymentMeta),
                status=msgspec.convert(document.get("status"), ModelDeploymentStatus | None),
            )
    try:
        return parse(document)
    except BadInputError as error:
        return error


def _is_same_spec(meta: Mapping[str, Any], known: ModelDeployment) -> bool:
    """Tell whether the spec is the one that is known: the API server counts its versions (generation)."""
    same = known.metadata.uid, known.metadata.generation
    return None not in same and same == (meta.get("uid"), meta.get("generation"))


def _version_of(document: Mapping[str, Any]) -> tuple[ModelKey, int]:
    meta = document["metadata"]
    return ModelKey(meta["namespace"], meta["name"]), int(meta["resourceVersion"])
