"""The ModelDeployments that exist."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fogline.api import ModelDeployment, parse
from fogline.errors import BadInputError
from fogline.names import ModelKey


class Models:
    """What we know of the ModelDeployments. It is state, not events: late and repeated news do no harm.

    An object that cannot be read, such as one stored before a rule was added, is kept as the error.
    """

    def __init__(self) -> None:
        self._known: dict[ModelKey, ModelDeployment | BadInputError] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[ModelKey]:
        return iter(list(self._known))

    def get(self, key: ModelKey) -> ModelDeployment | BadInputError | None:
        """Give the ModelDeployment, why it cannot be read, or None when it does not exist."""
        return self._known.get(key)

    def remember(self, document: Mapping[str, Any]) -> ModelKey:
        """Keep the state of one object."""
        key = _key(document)
        try:
            self._known[key] = parse(document)
        except BadInputError as error:
            self._known[key] = error
        return key

    def forget(self, document: Mapping[str, Any]) -> ModelKey:
        """Drop an object that is gone."""
        key = _key(document)
        self._known.pop(key, None)
        return key

    def replace(self, documents: Iterable[Mapping[str, Any]]) -> frozenset[ModelKey]:
        """Take a fresh list for the truth. Returns every key that was known before or is now."""
        before = self._known
        self._known = {}
        for document in documents:
            self.remember(document)
        return frozenset({*before, *self._known})


def _key(document: Mapping[str, Any]) -> ModelKey:
    meta = document["metadata"]
    return ModelKey(meta["namespace"], meta["name"])
