"""The Go programs are pinned, and found under the names that we use."""

import re

import pytest
from dev.errors import DevError
from dev.programs import MODULES, PINS, Module, executable_name, module_key, program
from dev.versions import CONTAINERD, KUBERNETES


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("k8s.io/kubernetes/cmd/kubectl", "kubectl"),
        ("go.etcd.io/etcd/server/v3", "server"),
        ("./crictl", "crictl"),
        (".", "coredns"),
    ],
)
def test_executables_are_named_as_go_names_them(package: str, name: str) -> None:
    assert executable_name(package, "coredns") == name


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_every_package_is_pinned_by_the_files_of_its_module(module: Module) -> None:
    sources = "".join(file.read_text() for file in (PINS / module.name).glob("*.go"))
    foreign = [package for package in module.packages.values() if not package.startswith(".")]
    assert [package for package in foreign if f'"{package}"' not in sources] == []
    assert (PINS / module.name / "go.sum").stat().st_size > 0


def test_the_versions_that_programs_report_are_those_of_their_source() -> None:
    pins = {name: (PINS / name / "go.mod").read_text() for name in ("kubernetes", "containerd")}
    assert re.search(rf"k8s\.io/kubernetes {re.escape(KUBERNETES)}\b", pins["kubernetes"])
    assert re.search(rf"containerd/v2 {re.escape(CONTAINERD)}\b", pins["containerd"])


def test_flags_are_part_of_the_key() -> None:
    module = Module("kind", {"kind": "sigs.k8s.io/kind"})
    assert module_key(module) != module_key(Module("kind", module.packages, tags="other"))


def test_an_unknown_program_is_refused_with_the_known_ones() -> None:
    with pytest.raises(DevError, match=r"no program 'kubctl'[\s\S]*kubectl"):
        program("kubctl")
