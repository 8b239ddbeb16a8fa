"""The commands of ``python -m dev``."""

import argparse
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from dev import controlplane, demo, edgeroot, engine, images, install, kind, programs, sbom, teardown
from dev.errors import DevError
from dev.paths import KIND_KUBECONFIG


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    os.umask(0o022)
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except DevError as error:
        print(f"\nERROR: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dev", description="Clusters and images for development and tests."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="bring up the kind cluster of kind-config.yaml, with the operator")
    up.set_defaults(run=lambda _options: _up())
    shown = commands.add_parser("demo", help="bring everything up and show the digits example on it")
    shown.set_defaults(run=lambda _options: demo.demo(_up()))
    built = commands.add_parser(
        "images", help="build our images and load them into the kind cluster if it runs"
    )
    built.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(images.NAMES)}; all if none")
    built.set_defaults(run=lambda options: images.build_and_load(engine.ensure(), options.names))
    root = commands.add_parser(
        "edge-root", help="make the root file system of the edge image, for any architecture, without Docker"
    )
    root.add_argument("folder", type=Path, help="is not there yet")
    root.add_argument("--architecture", choices=edgeroot.MACHINES, default="arm64")
    root.set_defaults(run=lambda options: edgeroot.make(options.architecture, options.folder))
    bills = commands.add_parser("sbom", help="write a software bill of materials (CycloneDX) for each image")
    bills.add_argument("folder", type=Path)
    bills.set_defaults(run=lambda options: sbom.write_all(options.folder))
    down = commands.add_parser(
        "down", help="remove every cluster and everything that they needed but the cache"
    )
    down.set_defaults(run=lambda _options: teardown.down())

    plane = commands.add_parser("control-plane", help="a control plane with simulated nodes (kwokctl)")
    verbs = plane.add_subparsers(required=True, metavar="VERB")
    up = verbs.add_parser("up", help="start it, or find it running; prints its kubeconfig")
    up.add_argument("name")
    up.add_argument("--kubeconfig", type=Path, metavar="FILE", help="copy the kubeconfig there too")
    up.set_defaults(run=_control_plane_up)
    down = verbs.add_parser("down", help="end it and remove its files")
    down.add_argument("name")
    down.set_defaults(run=lambda options: controlplane.remove(options.name))

    which = commands.add_parser("which", help="build a program if needed and print its path")
    which.add_argument("program", choices=sorted(programs.MODULE_OF), metavar="PROGRAM")
    which.set_defaults(run=lambda options: print(programs.program(options.program)))

    env = commands.add_parser("env", help="print shell lines by which docker and kubectl find the cluster")
    env.set_defaults(run=_env)
    return parser


def _up() -> engine.Engine:
    found = engine.ensure()
    kind.up(found)
    images.build_and_load(found)
    install.install_operator(found)
    return found


def _env(_options: argparse.Namespace) -> None:
    found = engine.find()
    for name, value in (found.env if found else {}).items():
        print(f"export {name}={shlex.quote(value)}")
    print(f"export KUBECONFIG={shlex.quote(str(KIND_KUBECONFIG))}")


def _control_plane_up(options: argparse.Namespace) -> None:
    plane = controlplane.find(options.name) or controlplane.start(options.name, keep=True)
    if options.kubeconfig is None:
        print(plane.kubeconfig)
        return
    options.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(plane.kubeconfig, options.kubeconfig)
    options.kubeconfig.chmod(0o600)
    print(options.kubeconfig.resolve())
