"""Software bills of materials of the images: CycloneDX, one file for each."""

import json
import sys
from pathlib import Path

from dev.imagebuild import BUILT_BASE, RELEASED_BASE, Image
from dev.images import IMAGES
from dev.rootfs import PYTHON, SUITE
from dev.sources import registry_reachable
from dev.steps import step

ADVICE = "see whether `make venv` has been run since the last change of requirements/"


def write_all(folder: Path) -> list[Path]:
    """Write ``<image>.cdx.json`` for each image with Python into a folder, and return the files.

    Raises
    ------
    DevError
        A lock cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [write(image, folder) for image in IMAGES if image.package]


def write(image: Image, folder: Path) -> Path:
    """Write the file of one image; see `write_all`."""
    target = folder / f"{image.name}.cdx.json"
    with step(f"Bill of materials of {image.name}", advice=ADVICE) as writing:
        text = writing.run(
            [
                *(Path(sys.executable).with_name("cyclonedx-py"), "requirements", image.requirements),
                *("--output-reproducible", "--no-validate"),  # it is changed below
            ]
        )
    document = json.loads(text)
    document["metadata"]["component"] = {"type": "container", "name": image.name, "bom-ref": image.name}
    for component in document["components"]:
        del component["description"]  # the lines of the lock, which the hashes repeat
    document["components"].append(_base())
    target.write_text(json.dumps(document, indent=2) + "\n")
    return target


def _base() -> dict[str, str]:
    """Return what Python and the shared libraries of the system come from."""
    if registry_reachable():
        name, _, version = RELEASED_BASE.tag.partition(":")
        return {"type": "container", "name": name, "version": version}
    packages = ", ".join(PYTHON.packages)
    return {
        "type": "operating-system",
        "name": "debian",
        "version": SUITE,
        "description": f"packages {packages} and what they need (Python {BUILT_BASE.python})",
    }
