"""Ways from this machine to replicas, through the API server: ``kubectl port-forward`` for each."""

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from fogline.cli.options import Where
from fogline.errors import BadInputError

START_LIMIT_SECONDS = 20.0
_SAID = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+)")


@contextmanager
def forwarded(where: Where, namespace: str, pods: Sequence[str], port: int) -> Iterator[list[str]]:
    """Forward a free port of 127.0.0.1 to a port of each pod; gives the addresses in the same order.

    Raises
    ------
    BadInputError
        There is no kubectl, or it does not get through.
    """
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise BadInputError(
            "load from here goes through kubectl port-forward, and there is no kubectl on the PATH"
        )
    options = [f"--kubeconfig={where.kubeconfig}"] if where.kubeconfig else []
    options += [f"--context={where.context}"] if where.context else []
    with ExitStack() as open_ways:
        yield [
            open_ways.enter_context(_forwarded([kubectl, *options, f"--namespace={namespace}"], pod, port))
            for pod in pods
        ]


@contextmanager
def _forwarded(kubectl: Sequence[str], pod: str, port: int) -> Iterator[str]:
    arguments = ("port-forward", "--address=127.0.0.1", f"pod/{pod}", f":{port}")
    with subprocess.Popen(  # noqa: S603  a program of the user, with arguments of ours
        [*kubectl, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        limit = threading.Timer(START_LIMIT_SECONDS, process.kill)
        limit.start()
        try:
            said = _SAID.search(process.stdout.readline() if process.stdout else "")
            if said is None:
                raise BadInputError(f"kubectl port-forward finds no way to pod {pod}")
            limit.cancel()
            yield f"127.0.0.1:{said[1]}"
        finally:
            limit.cancel()
            process.kill()
