"""Run something beside the main thread: what waits for the network beside what needs the processors."""

import threading
from collections.abc import Callable


def beside(function: Callable[[], None]) -> Callable[[], None]:
    """Start a function in a thread of its own and return what waits for its end and raises its error.

    The thread does not keep an interrupted run alive, and the commands of its steps die with the run.
    """
    errors: list[BaseException] = []

    def target() -> None:
        try:
            function()
        except BaseException as error:  # noqa: BLE001  raised again where the result is waited for
            errors.append(error)

    thread = threading.Thread(target=target, daemon=True)
    thread.start()

    def wait() -> None:
        thread.join()
        if errors:
            raise errors[0]

    return wait
