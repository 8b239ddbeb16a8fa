"""A port of a Service in the kind cluster, reachable on this machine for a while."""

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dev.errors import DevError
from dev.paths import KIND_KUBECONFIG
from dev.programs import released_or_built

START_LIMIT_SECONDS = 20.0
ADVICE = "see whether the Service has a Ready pod: `kubectl get endpointslices --all-namespaces`"
_SAID = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+)")


@contextmanager
def forwarded(namespace: str, service: str, port: int) -> Iterator[int]:
    """Forward a free port of 127.0.0.1 to a Service; gives that port.

    Raises
    ------
    DevError
        kubectl does not get through.
    """
    process = subprocess.Popen(
        [
            *(released_or_built("kubectl"), "--kubeconfig", str(KIND_KUBECONFIG), "--namespace", namespace),
            *("port-forward", "--address", "127.0.0.1", f"service/{service}", f":{port}"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    limit = threading.Timer(START_LIMIT_SECONDS, process.kill)
    limit.start()
    try:
        said = _SAID.search(process.stdout.readline() if process.stdout else "")
        limit.cancel()
        if said is None:
            raise DevError(f"no way to Service {namespace}/{service}", ADVICE)
        yield int(said[1])
    finally:
        limit.cancel()
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
