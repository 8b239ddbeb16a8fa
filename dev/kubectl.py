"""kubectl on the kind cluster, with a file for what it applies."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from dev.paths import KIND_KUBECONFIG, RUN
from dev.programs import released_or_built
from dev.steps import Step


def kubectl(during: Step, *arguments: str | Path, limit_seconds: float = 180) -> str:
    """Run kubectl on the kind cluster as a part of a step, and return what it prints.

    Raises
    ------
    DevError
        It fails, or has not ended after `limit_seconds`.
    """
    command = [released_or_built("kubectl"), "--kubeconfig", KIND_KUBECONFIG, *arguments]
    return during.run(command, limit_seconds=limit_seconds)


def apply(during: Step, name: str, documents: Iterable[dict[str, Any]]) -> None:
    """Apply documents; they lie in ``.run/<name>.yaml`` for whoever wants to read them.

    Raises
    ------
    DevError
        The API server refuses one of them.
    """
    file = RUN / f"{name}.yaml"
    file.touch(mode=0o600)  # some hold Secrets
    file.write_text(yaml.safe_dump_all(documents, sort_keys=False))
    kubectl(during, "apply", "--filename", file)
