"""Run the collector as in a pod: without the library that reads a kubeconfig, which takes 25 MB.

``python -m bench._collector_process``; the variable `VARIABLE` says in JSON how to connect.
"""

import json
import os
import sys
from pathlib import Path

from fogline.cluster import connection
from fogline.cluster.connection import Connection
from fogline.collector.__main__ import main

VARIABLE = "BENCH_CONNECTION"


def to_text(where: Connection) -> str:
    """Write down what is needed to connect by a client certificate."""
    files = (where.ca_file, where.certificate_file, where.key_file)
    return json.dumps([where.server, *map(str, files)])


def from_text(text: str) -> Connection:
    """Read it."""
    server, *files = json.loads(text)
    authority, certificate, key = map(Path, files)
    return Connection(server, ca_file=authority, certificate_file=certificate, key_file=key)


if __name__ == "__main__":
    where = from_text(os.environ[VARIABLE])
    connection.default = lambda: where
    sys.exit(main([]))
