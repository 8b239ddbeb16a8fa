"""gRPC's client for Node.js, as a program."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from dev import host
from dev.cache import content_key, kept_folder

SOURCES = Path(__file__).with_name("grpc_js")


def installed() -> Path:
    """Return the folder of the program with its packages, installed now or before."""
    host.require({"node": "nodejs", "npm": "npm"})

    def install(folder: Path) -> None:
        shutil.copytree(SOURCES, folder, dirs_exist_ok=True)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=folder, check=True, timeout=240, capture_output=True)

    return kept_folder("grpc-js", content_key(SOURCES), install)


def call(port: int, path: str, messages: Sequence[bytes], *options: str) -> list[str]:
    """Call a method with all messages at once; return answers in hexadecimal, or code and text of errors."""
    done = subprocess.run(
        ["node", installed() / "client.js", f"127.0.0.1:{port}", path, *options],
        input="".join(f"{message.hex()}\n" for message in messages),
        text=True,
        capture_output=True,
        check=True,
        timeout=180,
    )
    return done.stdout.splitlines()
