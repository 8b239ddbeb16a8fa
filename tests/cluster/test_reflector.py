"""The reflector against a real API server: what it reports, and what it does not miss."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import pytest
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Edit, Fault, Hold, Refuse, Stale
from tests.support.manifests import gated_pod
from tests.support.wait import wait_for

from fogline.cluster.client import Client
from fogline.cluster.kinds import PODS
from fogline.cluster.objects import Pod
from fogline.cluster.reflector import COMPARE_SECONDS, Reflector
from fogline.cluster.transport import Limits

WATCH = "watch=true"
LIST = "limit="
"""In the path of lists only: they are read in pages."""
VERSION = re.compile(r"resourceVersion=(\d+)")
"""Where a watch starts."""


class Mirror:
    """A running reflector of the pods of a namespace, what it reported, and its clock."""

    def __init__(self, client: Client, namespace: str, label_selector: str = "") -> None:
        self.now = 0.0
        self.changes: list[str] = []
        """What happened to whom."""
        self.versions: list[str] = []
        """resourceVersion of each state that was reported."""
        self.reflector: Reflector[Pod] = Reflector(
            client,
            PODS,
            Pod,
            self._heard,
            namespace=namespace,
            label_selector=label_selector,
            confirm_seconds=0.5,
            clock=lambda: self.now,
        )

    @property
    def names(self) -> list[str]:
        """Names of the pods in the store."""
        return sorted(name for _, name in self.reflector.store)

    async def heard(self, change: str) -> None:
        """Wait until a change is reported."""
        await wait_for(lambda: change in self.changes, f"{change!r} is reported")

    def _heard(self, before: Pod | None, after: Pod | None) -> None:
        pod = after or before
        assert pod is not None
        held = self.reflector.store.get(pod.metadata.key)
        assert held is not before if after is None else held is after, "the store holds the change already"
        what = "added" if before is None else "deleted" if after is None else "changed"
        self.changes.append(f"{what} {pod.metadata.name}")
        if after is not None:
            self.versions.append(after.metadata.resource_version)


@asynccontextmanager
async def running(mirror: Mirror) -> AsyncIterator[Mirror]:
    """Run the reflector from its first list until the end of the test."""
    task = asyncio.create_task(mirror.reflector.run())
    try:
        await wait_for(lambda: mirror.reflector.synced.is_set() or task.done(), "the first list")
        yield mirror
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def behind_proxy(proxy: FaultProxy, namespace: str) -> AsyncIterator[Mirror]:
    """Run a reflector that talks to the API server through the proxy."""
    async with Client(proxy.connection) as client, running(Mirror(client, namespace)) as mirror:
        yield mirror


@contextmanager
def no_watch(proxy: FaultProxy) -> Iterator[None]:
    """Let no watch through; afterwards there are no faults at all."""
    proxy.add(Fault(Refuse(503), path=WATCH, times=None))
    proxy.cut()
    yield
    proxy.clear()


def count(proxy: FaultProxy, what: str) -> int:
    """Count the lists or watches that were asked for."""
    return sum(what in request.path for request in proxy.requests)


async def delete(client: Client, namespace: str, name: str) -> None:
    """Delete a pod."""
    pod = await client.get(PODS, namespace, name, Pod)
    await client.delete(PODS, namespace, name, uid=pod.metadata.uid)


async def label(client: Client, namespace: str, name: str, value: str) -> None:
    """Change a pod."""
    await client.merge_patch(PODS, namespace, name, {"metadata": {"labels": {"of": value}}})


async def watching(proxy: FaultProxy, more_than: int = 0) -> None:
    """Wait until one more watch has been answered."""
    await wait_for(
        lambda: sum(request.watches and request.status == 200 for request in proxy.requests) > more_than,
        "a watch is open",
    )


async def test_what_is_there_is_reported_before_synced(client: Client, namespace: str) -> None:
    await client.create(gated_pod(namespace, "a"))
    await client.create(gated_pod(namespace, "b"))
    async with running(Mirror(client, namespace)) as mirror:
        assert sorted(mirror.changes) == ["added a", "added b"]
        assert mirror.names == ["a", "b"]


async def test_changes_are_reported_in_their_order(client: Client, namespace: str) -> None:
    async with running(Mirror(client, namespace)) as mirror:
        await client.create(gated_pod(namespace, "a"))
        await label(client, namespace, "a", "ours")
        await client.create(gated_pod(namespace, "b"))
        await delete(client, namespace, "a")
        await mirror.heard("deleted a")
    steps = [change for number, change in enumerate(mirror.changes) if change not in mirror.changes[:number]]
    assert steps == ["added a", "changed a", "added b", "deleted a"]
    assert mirror.names == ["b"]


async def test_an_object_that_leaves_the_selection_is_reported_as_deleted(
    client: Client, namespace: str
) -> None:
    await client.create(gated_pod(namespace, "a", {"of": "ours"}))
    await client.create(gated_pod(namespace, "b", {"of": "others"}))
    async with running(Mirror(client, namespace, label_selector="of=ours")) as mirror:
        assert mirror.names == ["a"]
        await label(client, namespace, "a", "others")
        await mirror.heard("deleted a")
        await label(client, namespace, "b", "ours")
        await mirror.heard("added b")


async def test_a_lost_watch_is_resumed_without_a_new_list(
    client: Client, proxy: FaultProxy, namespace: str, behind_proxy: Mirror
) -> None:
    await client.create(gated_pod(namespace, "a"))
    await behind_proxy.heard("added a")
    with no_watch(proxy):
        await delete(client, namespace, "a")
        await wait_for(lambda: count(proxy, WATCH) >= 3, "two watches are refused")
    await behind_proxy.heard("deleted a")
    assert count(proxy, LIST) == 1
    versions = [int(found[1]) for request in proxy.requests if (found := VERSION.search(request.path))]
    assert versions[-1] > versions[0]


async def test_a_watch_refused_for_overload_is_resumed_after_the_time_that_was_asked_for(
    proxy: FaultProxy, behind_proxy: Mirror
) -> None:
    await watching(proxy)
    proxy.add(Fault(Refuse(429, "TooManyRequests", retry_after_seconds=1), path=WATCH))
    proxy.cut()
    await watching(proxy, more_than=1)
    refused, resumed = proxy.requests[-2:]
    assert (refused.status, resumed.status) == (429, 200)
    assert resumed.at_seconds - refused.at_seconds >= 1
    assert behind_proxy.changes == []


@pytest.mark.parametrize("as_event", [False, True], ids=["as HTTP status", "as ERROR event"])
async def test_after_a_410_what_was_deleted_meanwhile_is_reported(
    client: Client, proxy: FaultProxy, namespace: str, behind_proxy: Mirror, *, as_event: bool
) -> None:
    await client.create(gated_pod(namespace, "a"))
    await client.create(gated_pod(namespace, "b"))
    await behind_proxy.heard("added b")
    with no_watch(proxy):
        await delete(client, namespace, "a")
    proxy.add(Fault(Edit(lambda _: [GONE]) if as_event else Refuse(410, "Expired"), path=WATCH))
    await wait_for(lambda: count(proxy, LIST) == 2, "a second list")
    await behind_proxy.heard("deleted a")
    await client.create(gated_pod(namespace, "c"))
    await behind_proxy.heard("added c")
    assert behind_proxy.changes.count("deleted a") == 1
    assert behind_proxy.names == ["b", "c"]


async def test_a_list_makes_nothing_new_of_what_has_not_changed(
    client: Client, proxy: FaultProxy, namespace: str, behind_proxy: Mirror
) -> None:
    """For the time of a list it would be there twice: in a large cluster that is much memory."""
    store = behind_proxy.reflector.store
    await client.create(gated_pod(namespace, "a"))
    await client.create(gated_pod(namespace, "b"))
    await wait_for(
        lambda: len(store) == 2 and all(pod.status.conditions for pod in store.values()),
        "the scheduler has said that it leaves both alone",
    )
    before = dict(store)
    await watching(proxy)
    proxy.add(Fault(Refuse(410, "Expired"), path=WATCH))
    proxy.cut()
    await wait_for(lambda: count(proxy, LIST) == 2, "a second list")
    await client.create(gated_pod(namespace, "c"))
    await behind_proxy.heard("added c")
    assert all(store[key] is held for key, held in before.items())


async def test_a_list_that_is_refused_is_tried_again(
    client: Client, proxy: FaultProxy, namespace: str
) -> None:
    await client.create(gated_pod(namespace, "a"))
    proxy.add(Fault(Refuse(403, "Forbidden"), path=LIST, times=3))
    async with Client(proxy.connection) as through_proxy, running(Mirror(through_proxy, namespace)) as mirror:
        assert mirror.names == ["a"]
    assert count(proxy, LIST) == 4


async def test_a_watch_that_goes_silent_is_dropped_and_followed_by_a_list(
    client: Client, proxy: FaultProxy, namespace: str
) -> None:
    proxy.add(Fault(Hold(), path=WATCH, times=None))
    impatient = Limits(inactivity_seconds=1)
    async with Client(proxy.connection, impatient) as through, running(Mirror(through, namespace)) as mirror:
        await watching(proxy)
        lists = count(proxy, LIST)
        await client.create(gated_pod(namespace, "a"))
        await mirror.heard("added a")
        assert count(proxy, LIST) > lists


async def test_an_event_that_comes_twice_is_reported_once(
    client: Client, proxy: FaultProxy, namespace: str, behind_proxy: Mirror
) -> None:
    await watching(proxy)
    proxy.add(Fault(Edit(lambda line: [line, line]), path=WATCH, times=None))
    proxy.cut()
    await watching(proxy, more_than=1)
    await client.create(gated_pod(namespace, "a"))
    await delete(client, namespace, "a")
    await behind_proxy.heard("deleted a")
    await client.create(gated_pod(namespace, "b"))
    await behind_proxy.heard("added b")
    assert behind_proxy.changes.count("added a") == 1
    assert behind_proxy.changes.count("deleted a") == 1
    assert len(behind_proxy.versions) == len(set(behind_proxy.versions))


async def test_an_event_that_comes_late_does_not_bring_an_old_state_back(
    client: Client, proxy: FaultProxy, namespace: str, behind_proxy: Mirror
) -> None:
    await watching(proxy)
    seen: list[bytes] = []

    def with_all_before(line: bytes) -> list[bytes]:
        lines = [line, *reversed(seen)]
        seen.append(line)
        return lines

    proxy.add(Fault(Edit(with_all_before), path=WATCH, times=None))
    proxy.cut()
    await watching(proxy, more_than=1)
    await client.create(gated_pod(namespace, "a", {"of": "first"}))
    await label(client, namespace, "a", "second")
    await client.create(gated_pod(namespace, "b"))
    await behind_proxy.heard("added b")
    pod = behind_proxy.reflector.store[namespace, "a"]
    assert pod.metadata.labels == {"of": "second"}


async def test_an_event_that_never_came_is_found_by_the_next_comparison(
    client: Client, proxy: FaultProxy, namespace: str, behind_proxy: Mirror
) -> None:
    await client.create(gated_pod(namespace, "a"))
    await behind_proxy.heard("added a")
    proxy.add(Fault(Edit(lambda line: [] if b'"DELETED"' in line else [line]), path=WATCH, times=None))
    proxy.cut()
    await delete(client, namespace, "a")
    await client.create(gated_pod(namespace, "b"))
    await behind_proxy.heard("added b")
    assert behind_proxy.names == ["a", "b"]
    behind_proxy.now += COMPARE_SECONDS
    proxy.cut()
    await behind_proxy.heard("deleted a")
    assert behind_proxy.names == ["b"]


async def test_an_object_made_anew_between_two_lists_is_reported_as_deleted_and_added(
    client: Client, proxy: FaultProxy, namespace: str, behind_proxy: Mirror
) -> None:
    await client.create(gated_pod(namespace, "a"))
    await behind_proxy.heard("added a")
    with no_watch(proxy):
        await delete(client, namespace, "a")
        await client.create(gated_pod(namespace, "a"))
    proxy.add(Fault(Refuse(410, "Expired"), path=WATCH))
    await behind_proxy.heard("deleted a")
    await wait_for(lambda: behind_proxy.changes.count("added a") == 2, "the new pod is reported")
    # The scheduler writes a condition, so there may be changes as well.
    comings_and_goings = [change for change in behind_proxy.changes if not change.startswith("changed")]
    assert comings_and_goings == ["added a", "deleted a", "added a"]


@asynccontextmanager
async def with_pods_and_an_old_empty_list(
    client: Client, proxy: FaultProxy, namespace: str, *, times: int | None
) -> AsyncIterator[Mirror]:
    """Run a reflector that knows pods when it gets the list again that was right before there were any."""
    proxy.add(Fault(Stale(), path=LIST, times=times))
    async with Client(proxy.connection) as through_proxy, running(Mirror(through_proxy, namespace)) as mirror:
        for name in ("a", "b", "c"):
            await client.create(gated_pod(namespace, name))
        await mirror.heard("added c")
        proxy.add(Fault(Refuse(410, "Expired"), path=WATCH))
        proxy.cut()
        yield mirror


async def test_an_empty_list_is_not_believed_when_the_next_one_says_something_else(
    client: Client, proxy: FaultProxy, namespace: str
) -> None:
    async with with_pods_and_an_old_empty_list(client, proxy, namespace, times=2) as mirror:
        await wait_for(lambda: mirror.reflector.doubt, "the list is doubted")
        assert mirror.reflector.doubt == "the list of pods shrank from 3 to 0"
        await wait_for(lambda: mirror.reflector.doubt is None, "the doubt is over")
    assert mirror.names == ["a", "b", "c"]
    assert [change for change in mirror.changes if change.startswith("deleted")] == []
    assert count(proxy, LIST) == 3


async def test_an_empty_list_is_believed_when_the_next_one_says_the_same(
    client: Client, proxy: FaultProxy, namespace: str
) -> None:
    async with with_pods_and_an_old_empty_list(client, proxy, namespace, times=None) as mirror:
        await mirror.heard("deleted c")
        await wait_for(lambda: mirror.names == ["a", "b", "c"], "the watch from the old list catches up")
        assert mirror.reflector.doubt is None


async def test_a_bookmark_shows_that_the_api_server_is_heard(
    client: Client, proxy: FaultProxy, namespace: str, behind_proxy: Mirror
) -> None:
    await watching(proxy)
    proxy.add(Fault(Edit(as_bookmark), path=WATCH))
    proxy.cut()
    await watching(proxy, more_than=1)
    behind_proxy.now = 42
    await client.create(gated_pod(namespace, "a"))
    await wait_for(lambda: behind_proxy.reflector.last_seen == 42, "the bookmark is heard")
    assert behind_proxy.changes == []


async def test_an_exception_in_the_callback_ends_the_reflector(client: Client, namespace: str) -> None:
    def fail(_: Pod | None, __: Pod | None) -> None:
        raise RuntimeError("a bug")

    await client.create(gated_pod(namespace, "a"))
    with pytest.raises(RuntimeError, match="a bug"):
        await Reflector[Pod](client, PODS, Pod, fail, namespace=namespace).run()


GONE = (
    json.dumps(
        {
            "type": "ERROR",
            "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"},
        }
    ).encode()
    + b"\n"
)


def as_bookmark(line: bytes) -> list[bytes]:
    """Replace an event by a bookmark with its resourceVersion."""
    version = json.loads(line)["object"]["metadata"]["resourceVersion"]
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": version}}}
    return [json.dumps(bookmark).encode() + b"\n"]
