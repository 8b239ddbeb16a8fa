"""Make the smallest root file system that runs a Python program: no shell, no package manager.

Usage: ``python3 distil.py BASE LIBRARIES PACKAGE ROOT``. BASE is the root of an image with Python ("/" inside
a build), LIBRARIES and PACKAGE become /opt/fogline/libraries and /opt/fogline/package under ROOT. Nothing of
BASE is run, so it may be of another architecture; the Python that runs this must have the minor version of
the one in BASE, because it compiles for it. Taken are the interpreter, its standard library, and those shared
libraries that something else that was taken needs.
"""  # noqa: INP001  a script of the image builds, no package

import compileall
import shutil
import struct
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from py_compile import PycInvalidationMode
from typing import NamedTuple

STANDARD_LIBRARY_LEFT_OUT = (
    *("test", "tests", "idlelib", "lib2to3", "ensurepip", "tkinter", "turtledemo", "turtle.py", "pydoc_data"),
    *("site-packages", "dist-packages", "config-*", "venv", "sqlite3", "curses", "dbm"),
    *(f"lib-dynload/{name}*" for name in ("_test", "xx", "_sqlite3", "_tkinter", "_curses", "readline")),
    *(f"lib-dynload/{name}*" for name in ("_dbm", "_gdbm", "nis", "_crypt")),
)
"""For people and builds, or for databases and terminals."""

LIBRARIES_LEFT_OUT = (
    # accelerators that are not there, tools of vendors' compilers, C++ headers and their parser
    *("ai_edge_litert/libLiteRtWebGpuAccelerator.so", "ai_edge_litert/tools", "ai_edge_litert/vendors"),
    *("tensorflow/include", "clang"),
    # what only builds and tests need
    *("numpy/**/tests", "numpy/distutils", "numpy/f2py", "numpy/_core/_simd*", "numpy/_core/*_tests*"),
    *("multidict/_testcapi*", "bin", "share", ".lock"),
    *(f"**/*.{ending}" for ending in ("pyi", "pyx", "pxd", "pxi", "h", "c", "a", "lib")),
)

NEVER_COPIED = ("__pycache__",)
BYTECODE_MODE = PycInvalidationMode.UNCHECKED_HASH
"""Valid whatever the files' times are: nothing can be written at run time."""

CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"

_ELF_MAGIC = b"\x7fELF\x02\x01"  # 64 bits, little-endian
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NEEDED, _DT_STRTAB = 1, 5


class Linked(NamedTuple):
    """What an ELF file asks the dynamic loader for."""

    needed: tuple[str, ...]
    loader: str | None


def distil(base: Path, libraries: Path, package: Path, root: Path) -> None:
    """Fill ``root``.

    Raises
    ------
    SystemExit
        BASE has no Python, one of another version, or lacks a shared library.

    """
    interpreter = _interpreter(base)
    version = interpreter.name.removeprefix("python")
    mine = f"{sys.version_info.major}.{sys.version_info.minor}"
    if version != mine:
        sys.exit(f"the base has Python {version}: run this with that version, not with {mine}")
    _copy_interpreter(base, interpreter, root)
    standard = interpreter.parent.parent / "lib" / interpreter.name
    _copy_tree(_inside(base, standard), root / standard.relative_to("/"), STANDARD_LIBRARY_LEFT_OUT)
    _copy_tree(libraries, root / "opt/fogline/libraries", LIBRARIES_LEFT_OUT)
    _copy_tree(package, root / "opt/fogline/package", ())
    _copy_shared_libraries(base, root)
    certificates = _inside(base, PurePosixPath("/") / CERTIFICATES)
    if certificates.is_file():
        (root / CERTIFICATES).parent.mkdir(parents=True)
        shutil.copyfile(certificates, root / CERTIFICATES)
    (root / "tmp").mkdir(mode=0o1777)
    (root / "tmp").chmod(0o1777)
    for folder in (root / standard.relative_to("/"), root / "opt"):
        compileall.compile_dir(
            folder, quiet=2, workers=0, invalidation_mode=BYTECODE_MODE, stripdir=root, prependdir="/"
        )


def _interpreter(base: Path) -> PurePosixPath:
    """Return the path of Python inside the base, without links: /usr/bin/python3.11."""
    for folder in (PurePosixPath("/usr/local/bin"), PurePosixPath("/usr/bin")):
        for file in sorted(_inside(base, folder).glob("python3.[0-9]*")):
            if file.name.removeprefix("python3.").isdigit():
                return folder / file.name
    sys.exit(f"there is no Python in {base}")


def _copy_interpreter(base: Path, interpreter: PurePosixPath, root: Path) -> None:
    target = root / interpreter.relative_to("/")
    target.parent.mkdir(parents=True)
    shutil.copy(_inside(base, interpreter), target)
    (target.parent / "python3").symlink_to(target.name)


def _inside(base: Path, path: PurePosixPath) -> Path:
    """Return a path of the base with its links followed as they are inside it."""
    found = base
    for part in path.parts[1:]:
        found /= part
        while found.is_symlink():
            link = found.readlink()
            found = _inside(base, PurePosixPath(link)) if link.is_absolute() else found.parent / link
    return found


def _copy_tree(source: Path, target: Path, left_out: tuple[str, ...]) -> None:
    refused = {path for pattern in left_out for path in source.glob(pattern)}

    def ignored(folder: str, names: list[str]) -> set[str]:
        here = Path(folder)
        return {
            name
            for name in names
            if name in NEVER_COPIED or here / name in refused or not (here / name).exists()
        }

    shutil.copytree(source, target, ignore=ignored)


def _copy_shared_libraries(base: Path, root: Path) -> None:
    """Copy what the ELF files need, and what that needs, into the folder where the loader looks."""
    folders = _library_folders(base)
    target = root / "usr/lib" / folders[0].name
    target.mkdir(parents=True, exist_ok=True)
    present = {file.name for file in root.rglob("*.so*")}
    waiting = [file for file in root.rglob("*") if file.is_file() and not file.is_symlink()]
    while waiting:
        linked = read_elf(waiting.pop())
        if linked is None:
            continue
        if linked.loader and not (root / linked.loader.lstrip("/")).exists():
            place = root / linked.loader.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(_inside(base, PurePosixPath(linked.loader)), place)
            present.add(place.name)
        for name in linked.needed:
            if name in present:
                continue
            found = next((folder / name for folder in folders if (folder / name).exists()), None)
            if found is None:
                sys.exit(f"the base lacks {name}")
            shutil.copy(found.resolve() if base == Path("/") else _real(base, found), target / name)
            present.add(name)
            waiting.append(target / name)


def _library_folders(base: Path) -> list[Path]:
    """Return where the base has shared libraries, first the one that is named after the architecture."""
    found = [
        folder
        for pattern in ("usr/lib/*-linux-gnu", "lib/*-linux-gnu")
        for folder in base.glob(pattern)
        if any(folder.glob("lib*.so*"))
    ]
    if not found:
        sys.exit(f"there are no shared libraries in {base}")
    return [*found, base / "usr/local/lib"]


def _real(base: Path, file: Path) -> Path:
    return _inside(base, PurePosixPath("/") / file.relative_to(base).as_posix())


def read_elf(file: Path) -> Linked | None:
    """Return what a file asks the dynamic loader for; None when it is no ELF file for 64 bits."""
    with file.open("rb") as opened:
        if opened.read(len(_ELF_MAGIC)) != _ELF_MAGIC:
            return None
    content = file.read_bytes()
    segments = [*_segments(content)]
    loader = None
    needed: list[int] = []
    strings = 0
    for kind, offset, _, size in segments:
        if kind == _PT_INTERP:
            loader = content[offset : offset + size].rstrip(b"\0").decode()
        elif kind == _PT_DYNAMIC:
            for tag, value in struct.iter_unpack("<qQ", content[offset : offset + size]):
                if tag == _DT_NEEDED:
                    needed.append(value)
                elif tag == _DT_STRTAB:
                    strings = next(
                        start + value - address
                        for load, start, address, length in segments
                        if load == _PT_LOAD and address <= value < address + length
                    )
    names = tuple(content[strings + at : content.index(b"\0", strings + at)].decode() for at in needed)
    return Linked(names, loader)


def _segments(content: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Return type, offset, address and size in the file of each program header."""
    (first,) = struct.unpack_from("<Q", content, 0x20)
    size, count = struct.unpack_from("<HH", content, 0x36)
    for number in range(count):
        kind, _flags, offset, address, _physical, length = struct.unpack_from(
            "<IIQQQQ", content, first + number * size
        )
        yield kind, offset, address, length


if __name__ == "__main__":
    distil(*map(Path, sys.argv[1:5]))
