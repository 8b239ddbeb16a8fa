"""The etcd of a control plane: what is put into it the API server serves like all that it wrote itself."""

import base64
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import aiohttp

from bench.operator.bulk import for_each

_IN_ONE = 100
"""Objects of one transaction; etcd takes 128 by default."""


class Store:
    """Puts objects at a few thousand a second, where an API server on two cores creates a few hundred.

    An async context manager.

    Parameters
    ----------
    url
        Of etcd's clients; its JSON gateway is used.
    """

    def __init__(self, url: str) -> None:
        self._url = f"{url}/v3/kv/txn"

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(raise_for_status=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()

    async def put(self, what: str, objects: Mapping[str, bytes]) -> None:
        """Put objects as JSON, by their keys such as ``pods/default/name``."""
        pairs = list(objects.items())
        lots = [pairs[start : start + _IN_ONE] for start in range(0, len(pairs), _IN_ONE)]
        await for_each(f"{what}, in lots of {_IN_ONE}", lots, self._put)

    async def _put(self, pairs: Sequence[tuple[str, bytes]]) -> None:
        puts = [
            {"requestPut": {"key": _text(f"/registry/{key}".encode()), "value": _text(value)}}
            for key, value in pairs
        ]
        async with self._session.post(self._url, json={"success": puts}) as answer:
            await answer.read()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
