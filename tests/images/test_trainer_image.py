"""The trainer image without what its Dockerfile removes of its libraries: it trains and exports as before."""

import os
import re
import sys
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path

import pytest
from dev.images import TRAINER
from dev.paths import ROOT
from tests.support.trainer import Pods, document, random_samples

from fogline_trainer.layout import FORMS

DOCKERFILE = ROOT / "images" / "trainer" / "Dockerfile"
LIBRARIES = "/opt/fogline/libraries"
PACKAGES = (TRAINER.parent, *(ROOT / "images" / name for name in ("model-fetcher", "model-server")))


def installed() -> Path:
    """Return the folder with TensorFlow, without importing it."""
    spec = find_spec("tensorflow")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parents[1]


def removed() -> list[Path]:
    """Return what the Dockerfile removes, as it lies in the folder that is installed."""
    (command,) = re.findall(r"^RUN rm -r (.*) && \\$", DOCKERFILE.read_text(), re.MULTILINE)
    return [installed() / path.removeprefix(f"{LIBRARIES}/") for path in command.split()]


def link_all_but(left_out: Collection[Path], source: Path, target: Path) -> None:
    """Fill a folder with links to what another holds."""
    target.mkdir()
    for entry in source.iterdir():
        if any(entry in path.parents for path in left_out):
            link_all_but(left_out, entry, target / entry.name)
        elif entry not in left_out:
            (target / entry.name).symlink_to(entry)


def test_what_is_removed_are_folders_of_its_libraries() -> None:
    assert [path for path in removed() if not path.is_dir()] == []


@pytest.mark.timeout(900)  # two processes import TensorFlow, which takes long on a busy machine
def test_it_trains_and_exports_every_form_without_what_is_removed(tmp_path: Path) -> None:
    libraries = tmp_path / "libraries"
    link_all_but(removed(), installed(), libraries)
    # the Python below the one of the tests, which would find what is installed
    pods = Pods(tmp_path, python=Path(sys.executable).resolve())
    environment = {"PYTHONPATH": os.pathsep.join(map(str, (*PACKAGES, libraries)))}
    pods.write(random_samples())
    run = document(fit={"epochs": 2}, export={"forms": list(FORMS)})
    for stage in ("prepare", "train", "finish"):
        answer = pods.start(stage, run, environment=environment).end()
        assert answer.exit_code == 0, answer
    assert {form["form"] for form in answer.result["forms"]} == FORMS.keys()
