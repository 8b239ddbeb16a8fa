"""Calls of grpcio that go on: clients hear an answer anew whenever it has changed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import grpc

from fogline_model_server.answers.table import Answer
from fogline_model_server.serving import Serving

MAX_WATCHES = 1000
"""At a time; further ones are refused."""


class Watches:
    """All calls that watch.

    They share one thread, in which all of this happens: sending waits for clients that do not read, and no
    thread that computes, nor the event loop, may wait with it.
    """

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="watch")
        self._open: set[_Watch] = set()
        serving.on_change(self._changed)

    def handler(self, answer: Answer) -> Callable[..., None]:
        """Return the handler of a method whose answers are watched."""

        def handle(request: Any, context: grpc.ServicerContext, send_response_callback: Any) -> None:
            watch = _Watch(lambda: answer(self._serving, request), send_response_callback)
            if len(self._open) >= MAX_WATCHES:
                context.set_code(grpc.StatusCode.RESOURCE_EXHAUSTED)
                context.set_details("too many calls watch already")
                watch.end()
            elif context.add_callback(lambda: self._later(self._open.discard, watch)):
                self._open.add(watch)
                watch.tell()

        # With these marks grpcio calls it in our thread and lets it return, as its own health service.
        handle.experimental_thread_pool = self._thread  # type: ignore[attr-defined]  # of a function
        handle.experimental_non_blocking = True  # type: ignore[attr-defined]  # of a function
        return handle

    def end(self) -> None:
        """Tell all of them for the last time, and end their calls."""
        self._serving.off_change(self._changed)
        self._later(self._tell)
        self._later(self._end)
        self._thread.shutdown(wait=False)

    def _changed(self) -> None:
        self._later(self._tell)

    def _later(self, function: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the thread is at its end, and so are the calls
            self._thread.submit(function, *arguments)

    def _tell(self) -> None:
        for watch in tuple(self._open):
            watch.tell()

    def _end(self) -> None:
        for watch in tuple(self._open):
            watch.end()


class _Watch:
    def __init__(self, look: Callable[[], Any], send: Callable[[Any], None]) -> None:
        self._look = look
        self._send = send
        self._told: Any = None

    def tell(self) -> None:
        seen = self._look()
        if seen != self._told:
            self._told = seen
            self._send(seen)

    def end(self) -> None:
        self._send(None)
