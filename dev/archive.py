"""Write image archives (the format of ``docker save``) without an engine."""

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Image:
    """An image of a few files, on a root file system or on nothing."""

    tag: str
    entrypoint: tuple[str, ...]
    files: Mapping[str, Path]
    """Source of each file, by its absolute path in the image."""
    base: Path | None = None
    """Tar file of a root file system below the files."""
    user: str = ""


def write_archive(archive: Path, images: Iterable[Image]) -> None:
    """Write images into one archive; layers with the same content are stored once."""
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        layers: dict[str, Path] = {}
        configs: dict[str, bytes] = {}
        manifest, repositories = [], {}
        for image in images:
            digests = _layers(image, Path(folder), layers)
            config = _config(image, digests)
            name = f"{hashlib.sha256(config).hexdigest()}.json"
            configs[name] = config
            manifest.append(
                {"Config": name, "RepoTags": [image.tag], "Layers": [f"{digest}.tar" for digest in digests]}
            )
            repository, _, version = image.tag.rpartition(":")
            repositories[repository] = {version: digests[-1]}
        with tarfile.open(archive, "w") as tar:
            # kind reads the tags from the file that comes first, and all of them only from this one
            _add(tar, "repositories", json.dumps(repositories).encode())
            for name, config in configs.items():
                _add(tar, name, config)
            for digest, file in layers.items():
                tar.add(file, f"{digest}.tar")
            _add(tar, "manifest.json", json.dumps(manifest).encode())


def _layers(image: Image, folder: Path, layers: dict[str, Path]) -> list[str]:
    """Return the digests of an image's layers, lowest first, and note their files."""
    files = folder / f"{len(layers)}.tar"
    _write_layer(files, image.files, temporary=image.base is None)
    digests = []
    for layer in (image.base, files):
        if layer is not None:
            digest = _digest(layer)
            layers.setdefault(digest, layer)
            digests.append(digest)
    return digests


def _write_layer(layer: Path, files: Mapping[str, Path], *, temporary: bool) -> None:
    """Write files and the folders above them, in an order and with times that depend on nothing else."""
    folders = {str(parent) for path in files for parent in PurePosixPath(path).parents if parent.name}
    with tarfile.open(layer, "w") as tar:
        for name in sorted({*folders, *(["/tmp"] if temporary else [])}):  # noqa: S108  a folder of the image
            entry = tarfile.TarInfo(name.lstrip("/"))
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "/tmp" else 0o755  # noqa: S108  as above
            tar.addfile(entry)
        for name, source in sorted(files.items()):
            entry = tarfile.TarInfo(name.lstrip("/"))
            entry.size, entry.mode = source.stat().st_size, 0o755
            with source.open("rb") as content:
                tar.addfile(entry, content)


def _config(image: Image, digests: list[str]) -> bytes:
    return json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {
                "Entrypoint": list(image.entrypoint),
                "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
                "User": image.user,
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        }
    ).encode()


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
