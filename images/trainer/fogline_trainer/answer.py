"""The answer of a stage: one JSON document in the termination log of its container."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fogline_trainer.errors import Reason

MAX_BYTES = 4_000
"""The kubelet keeps 4,096 bytes."""
_MAX_BYTES_OF_A_CHARACTER = 6


def encode(reason: Reason, message: str, result: Mapping[str, Any]) -> bytes:
    """Write an answer in as many bytes as are kept: a message is cut, a result is whole or left out."""
    whole = _json(reason, message, result)
    if len(whole) <= MAX_BYTES:
        return whole
    kept, content = message, _json(reason, message, {})
    while (over := len(content) - MAX_BYTES) > 0:
        # No character takes more bytes, so that never too much is cut.
        kept = kept[: -max(over // _MAX_BYTES_OF_A_CHARACTER, 1)]
        content = _json(reason, f"{kept}...", {})
    return content


def write(path: Path, content: bytes) -> None:
    """Leave an answer where the kubelet looks for it, if that can be written."""
    with contextlib.suppress(OSError):
        path.write_bytes(content)


def _json(reason: Reason, message: str, result: Mapping[str, Any]) -> bytes:
    document = {"reason": reason, "message": message, "result": result}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
