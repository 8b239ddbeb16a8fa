"""Compile the .proto files beside this one to the descriptor set that the package loads.

Usage: ``python images/model-server/protos/generate.py [--verify]``. With ``--verify`` nothing is written:
the exit code is 1 when the committed descriptor set does not match the .proto files.
"""  # noqa: INP001  a script beside its input, no package

import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc  # type: ignore[import-untyped]  # it ships no types

PROTOS = Path(__file__).resolve().parent
TARGET = PROTOS.parent / "fogline_model_server" / "messages.binpb"


def compiled() -> bytes:
    """Return the serialized FileDescriptorSet of all .proto files and what they import.

    Raises
    ------
    SystemExit
        protoc refused a file; it has printed why.

    """
    sources = sorted(path.name for path in PROTOS.glob("*.proto"))
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "set.binpb"
        well_known = files("grpc_tools") / "_proto"
        code = protoc.main(
            [
                "protoc",
                f"-I{PROTOS}",
                f"-I{well_known}",
                "--include_imports",
                f"--descriptor_set_out={output}",
                *sources,
            ]
        )
        if code:
            sys.exit(code)
        return output.read_bytes()


def main() -> None:
    """Write the descriptor set, or compare it with ``--verify``."""
    new = compiled()
    if "--verify" not in sys.argv[1:]:
        TARGET.write_bytes(new)
        return
    if FileDescriptorSet.FromString(TARGET.read_bytes()) != FileDescriptorSet.FromString(new):
        sys.exit(f"{TARGET.name} does not match the .proto files: run {Path(__file__).name} and commit it")


if __name__ == "__main__":
    main()
