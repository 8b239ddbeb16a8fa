"""TFRecord files, as TensorFlow writes them."""

from pathlib import Path

from fogline_model_server.tfrecord import framed

WARMUP_FILE = Path("assets.extra/tf_serving_warmup_requests")


def write_warmup(version: Path, *contents: bytes) -> None:
    """Write the warm-up records of a version folder."""
    file = version / WARMUP_FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(b"".join(map(framed, contents)))
