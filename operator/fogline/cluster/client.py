"""The client of the API server: reads, watches and writes that carry their preconditions."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from fogline.cluster.connection import Connection
from fogline.cluster.documents import Document, Listing, Page, WatchEvent, decode, decode_event
from fogline.cluster.kinds import PODS, Kind, kind_of
from fogline.cluster.limiter import Lane
from fogline.cluster.observer import Observer
from fogline.cluster.transport import Call, Fence, Limits, Transport, no_fence
from fogline.cluster.version import Version, VersionInfo
from fogline.names import FIELD_MANAGER

T = TypeVar("T")

PAGE_SIZE = 500
"""Objects in one page of a list; 500 Nodes are 6 MB and take 10 ms to decode."""
WATCH_SECONDS = 300
"""After which the API server ends a watch, to be resumed."""


class Client:
    """Talks to one API server; an async context manager.

    Every call raises a subclass of `fogline.errors.ApiError` when it is refused or not answered in time. A
    call that was refused for overload is sent again after the time that the server asks for; one that got no
    clear answer, only where sending it twice does no harm.

    Parameters
    ----------
    fence
        Asked right before each try of a write; the error that it raises is the caller's.
    manager
        Whose fields the API server notes our writes as.
    observer
        Told how every request fares.
    """

    def __init__(
        self,
        connection: Connection,
        limits: Limits | None = None,
        *,
        fence: Fence = no_fence,
        manager: str = FIELD_MANAGER,
        observer: Observer | None = None,
    ) -> None:
        self._manager = {"fieldManager": manager}
        self._transport = Transport(connection, limits or Limits(), fence, observer)

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._transport.__aexit__(kind, error, traceback)

    @overload
    async def get(self, kind: Kind, namespace: str | None, name: str) -> Document: ...

    @overload
    async def get(self, kind: Kind, namespace: str | None, name: str, as_type: type[T]) -> T: ...

    async def get(self, kind: Kind, namespace: str | None, name: str, as_type: Any = Document) -> Any:
        """Read one object, as a document or as one of `fogline.cluster.objects`."""
        body = await self._transport.send(Call("GET", kind.path(namespace, name)))
        return decode(body, as_type)

    async def watch(
        self,
        kind: Kind,
        as_type: type[T],
        *,
        resource_version: str,
        namespace: str | None = None,
        label_selector: str = "",
        limit_seconds: float = WATCH_SECONDS,
    ) -> AsyncGenerator[WatchEvent[T], None]:
        """Follow what happens after a resourceVersion, until the server ends the watch.

        Close the iterator when done with it: `contextlib.aclosing`.

        Parameters
        ----------
        limit_seconds
            After which the server ends it; whole seconds count, and at most `WATCH_SECONDS`.

        Raises
        ------
        GoneError
            The resourceVersion is too old: list again.
        """
        query = _selection(label_selector) | {
            "watch": "true",
            "resourceVersion": resource_version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(max(1, int(min(limit_seconds, WATCH_SECONDS)))),
        }
        call = Call("GET", kind.path(namespace), query)
        async with aclosing(self._transport.lines(call)) as lines:
            async for line in lines:
                yield decode_event(line, as_type)

    async def apply(
        self,
        document: Mapping[str, Any],
        *,
        subresource: str = "",
        force: bool = True,
        manager: str | None = None,
    ) -> Document:
        """Write our fields of an object by server-side apply; create it if it does not exist.

        With ``metadata.uid`` it never creates: put it into every apply of a child that is known to exist.

        Parameters
        ----------
        subresource
            Such as ``status``.
        force
            Take over fields that others own.
        manager
            Whose fields they are; None: those of this client.

        Raises
        ------
        ConflictError
            Another manager owns a field, or the object with this uid is gone.
        """
        return await self._patch(
            _path_of(document, subresource),
            document,
            "application/apply-patch+yaml",
            query={"force": str(force).lower(), **({"fieldManager": manager} if manager else {})},
        )

    async def json_patch(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        patch: Sequence[Mapping[str, Any]],
        *,
        lane: Lane = Lane.OTHER,
    ) -> Document:
        """Send a JSON patch (RFC 6902).

        Raises
        ------
        ChangedMeanwhileError
            A test in the patch failed, or a path does not exist: read again and decide again.
        """
        return await self._patch(
            kind.path(namespace, name), patch, "application/json-patch+json", lane=lane, idempotent=False
        )

    async def merge_patch(
        self, kind: Kind, namespace: str | None, name: str, patch: Mapping[str, Any]
    ) -> Document:
        """Send a merge patch (RFC 7396).

        Raises
        ------
        ConflictError
            The patch has a ``metadata.resourceVersion`` and the object has another.
        """
        return await self._patch(kind.path(namespace, name), patch, "application/merge-patch+json")

    async def create(self, document: Mapping[str, Any]) -> Document:
        """Create an object.

        Raises
        ------
        ConflictError
            It exists.
        """
        call = Call("POST", _collection_of(document), self._manager, document, idempotent=False)
        return decode(await self._transport.send(call), Document)

    async def delete(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        *,
        uid: str,
        resource_version: str | None = None,
        grace_seconds: int | None = None,
    ) -> None:
        """Delete the object with this uid; what it owns goes after it.

        Parameters
        ----------
        resource_version
            Delete it only as it was then; None: as it is.
        grace_seconds
            How long a pod has to end well; None: as it says itself.

        Raises
        ------
        NotFoundError
            It is gone.
        ConflictError
            The object of this name is another one, or has changed.
        """
        expected = {"uid": uid, **({"resourceVersion": resource_version} if resource_version else {})}
        options: Document = {"preconditions": expected, "propagationPolicy": "Background"}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        await self._transport.send(Call("DELETE", kind.path(namespace, name), body=options))

    async def evict(self, namespace: str, name: str, *, uid: str) -> None:
        """Ask for a pod to go, if its disruption budget allows.

        Raises
        ------
        TooManyRequestsError
            The budget is used up.
        ConflictError
            The pod of this name is another one.
        """
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"namespace": namespace, "name": name},
            "deleteOptions": {"preconditions": {"uid": uid}},
        }
        path = PODS.path(namespace, name, "eviction")
        await self._transport.send(Call("POST", path, body=eviction, idempotent=False))

    @overload
    async def list(
        self, kind: Kind, *, namespace: str | None = None, label_selector: str = ""
    ) -> Listing[Document]: ...

    @overload
    async def list(
        self, kind: Kind, as_type: type[T], *, namespace: str | None = None, label_selector: str = ""
    ) -> Listing[T]: ...

    async def list(
        self, kind: Kind, as_type: Any = Document, *, namespace: str | None = None, label_selector: str = ""
    ) -> Listing[Any]:
        """Read all objects of a kind, page by page.

        Raises
        ------
        GoneError
            It took so long that the server forgot the moment of the first page: list again.
        """
        items: list[Any] = []
        version = ""
        pages = self.pages(kind, as_type, namespace=namespace, label_selector=label_selector)
        async with aclosing(pages):
            async for page in pages:
                items += page.items
                version = page.resource_version
        return Listing(items, version)

    async def pages(
        self, kind: Kind, as_type: type[T], *, namespace: str | None = None, label_selector: str = ""
    ) -> AsyncGenerator[Listing[T], None]:
        """Read the same, for a caller that need not have all of it at once.

        Close the iterator when done with it: `contextlib.aclosing`.

        Raises
        ------
        GoneError
            It took so long that the server forgot the moment of the first page: list again.
        """
        query = _selection(label_selector) | {"limit": str(PAGE_SIZE)}
        while True:
            body = await self._transport.send(Call("GET", kind.path(namespace), query))
            page: Page[T] = decode(body, Page[as_type])  # type: ignore[valid-type]  # known at run time
            yield Listing(page.items or (), page.metadata.resource_version)
            if not page.metadata.continue_:
                return
            query["continue"] = page.metadata.continue_

    async def version(self) -> Version:
        """Read which version of Kubernetes the API server is."""
        return (await self.version_info()).version

    async def version_info(self) -> VersionInfo:
        """Read all that the API server says of its version."""
        return decode(await self._transport.send(Call("GET", "/version")), VersionInfo)

    async def server_time(self) -> datetime | None:
        """Read what time it is at the API server, in whole seconds; None when it does not say."""
        return await self._transport.date(Call("GET", "/version"))

    async def through(self, call: Call) -> bytes:
        """Send a call to a path that is no object, such as one that the API server hands on to a Service."""
        return await self._transport.send(call)

    async def _patch(
        self,
        path: str,
        body: Any,
        content_type: str,
        *,
        query: Mapping[str, str] | None = None,
        lane: Lane = Lane.OTHER,
        idempotent: bool = True,
    ) -> Document:
        call = Call("PATCH", path, {**self._manager, **(query or {})}, body, content_type, lane, idempotent)
        return decode(await self._transport.send(call), Document)


def _selection(label_selector: str) -> dict[str, str]:
    return {"labelSelector": label_selector} if label_selector else {}


def _path_of(document: Mapping[str, Any], subresource: str | None) -> str:
    metadata = document["metadata"]
    return kind_of(document).path(metadata.get("namespace"), metadata["name"], subresource or "")


def _collection_of(document: Mapping[str, Any]) -> str:
    return kind_of(document).path(document["metadata"].get("namespace"))
