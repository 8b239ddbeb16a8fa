"""A network of its own in which a name changes its address between two look-ups.

Run as a program under ``unshare --net --mount``: it sets the network up, serves names and a store, runs the
command that it is given, and prints what happened as JSON. Every address of the network is this machine, so a
connection to the metadata service would be seen.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

STORE = "10.9.9.9"
METADATA = "169.254.169.254"
NAME = "store.example"
RUN_LIMIT_SECONDS = 180
_NOT_SET = bytes(2)
_INTERNET_A = b"\x00\x01\x00\x01"


@dataclass
class Observed:
    """What happened in the network."""

    exit_code: int = -1
    output: str = ""
    reached: list[str] = field(default_factory=list)
    """The address of each request that came."""


def main(arguments: list[str]) -> None:
    """Answer look-ups with the given lists of addresses in turn, the last one for ever; run a command."""
    lookups, command = json.loads(arguments[0]), arguments[1:]
    _make_network()
    observed = Observed()
    _serve_names(lookups)
    _serve_store(observed)
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_LIMIT_SECONDS, check=False)
    observed.exit_code, observed.output = done.returncode, done.stdout + done.stderr
    sys.stdout.write(json.dumps(asdict(observed)))


def in_own_network(lookups: list[list[str]], command: list[str], environment: dict[str, str]) -> Observed:
    """Run a command in such a network.

    Parameters
    ----------
    lookups
        The addresses of the store's name at each look-up.
    """
    as_root = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    done = subprocess.run(
        [
            *("unshare", *as_root, "--net", "--mount", "--"),
            *(sys.executable, __file__, json.dumps(lookups), *command),
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=RUN_LIMIT_SECONDS + 20,
        check=True,
    )
    return Observed(**json.loads(done.stdout))


def _make_network() -> None:
    for command in (
        "ip link set lo up",
        f"ip address add {STORE}/32 dev lo",
        f"ip address add {METADATA}/32 dev lo",
    ):
        subprocess.run(command.split(), check=True, timeout=20)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("resolv.conf", "nameserver 127.0.0.1\n"), ("nsswitch.conf", "hosts: dns\n")):
            file = Path(folder) / name
            file.write_text(text)
            Path(f"/etc/{name}").touch()
            subprocess.run(["mount", "--bind", file, f"/etc/{name}"], check=True, timeout=20)


def _serve_names(lookups: list[list[str]]) -> None:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))

    def run() -> None:
        while True:
            query, client = server.recvfrom(512)
            end = query.index(b"\0", 12) + 5
            addresses: list[str] = []
            if query[end - 4 : end] == _INTERNET_A:
                addresses = lookups.pop(0) if len(lookups) > 1 else lookups[0]
            head = query[:2] + b"\x81\x80\x00\x01" + len(addresses).to_bytes(2, "big") + _NOT_SET + _NOT_SET
            records = b"".join(
                b"\xc0\x0c" + _INTERNET_A + bytes(4) + b"\x00\x04" + socket.inet_aton(address)
                for address in addresses
            )
            server.sendto(head + query[12:end] + records, client)

    Thread(target=run, daemon=True).start()


def _serve_store(observed: Observed) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            observed.reached.append(self.connection.getsockname()[0])
            self.send_response(200)
            for name, value in {
                "Content-Length": "4",
                "ETag": '"one"',
                "Last-Modified": "Tue, 24 Nov 2026 00:00:00 GMT",
            }.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(b"evil")

        do_HEAD = do_GET  # noqa: N815  the name that the base class looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  signature of the base class
            """Say nothing."""

    server = ThreadingHTTPServer(("", 80), Handler)
    Thread(target=server.serve_forever, daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1:])
