"""kubectl as a user runs it, against one cluster."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from dev.programs import RARE_COLLECTION


@dataclass(frozen=True, slots=True)
class Kubectl:
    """The program, the cluster, and a folder for what it remembers about the cluster."""

    program: Path
    kubeconfig: Path
    cache: Path
    limit_seconds: float = 180
    """For one command, its own waiting included."""
    flags: tuple[str, ...] = ()
    """For every command."""

    def __call__(self, *arguments: str, manifest: Mapping[str, Any] | None = None) -> str:
        """Run a command that must succeed and return its output; ``-f -`` reads the manifest."""
        done = self._run(arguments, manifest)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def refused(self, *arguments: str, manifest: Mapping[str, Any] | None = None) -> str:
        """Run a command that must fail and return what it says."""
        done = self._run(arguments, manifest)
        assert done.returncode != 0, f"kubectl {' '.join(arguments)} was not refused: {done.stdout}"
        return done.stderr

    def answer(self, *arguments: str, manifest: Mapping[str, Any] | None = None) -> tuple[str, str]:
        """Run a command that may fail and return its output, and what it says besides."""
        done = self._run(arguments, manifest)
        return done.stdout, done.stderr

    def get(self, *arguments: str) -> Any:
        """Read an object as a document."""
        return json.loads(self("get", *arguments, "--output=json"))

    def as_user(self, name: str, *groups: str) -> Self:
        """Speak as another user, with the rights of that one."""
        return replace(self, flags=(*self.flags, f"--as={name}", *(f"--as-group={one}" for one in groups)))

    def as_account(self, namespace: str, name: str) -> Self:
        """Speak as a service account."""
        return self.as_user(
            f"system:serviceaccount:{namespace}:{name}", "system:serviceaccounts", "system:authenticated"
        )

    def _run(
        self, arguments: tuple[str, ...], manifest: Mapping[str, Any] | None
    ) -> subprocess.CompletedProcess[str]:
        fixed = [f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.cache}", *self.flags]
        return subprocess.run(
            [self.program, *fixed, *arguments],
            input=None if manifest is None else json.dumps(manifest),
            capture_output=True,
            text=True,
            timeout=self.limit_seconds,
            env={**os.environ, **RARE_COLLECTION},
            check=False,
        )
