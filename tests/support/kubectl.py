"""kubectl as a user runs it, against one cluster."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Kubectl:
    """The program, the cluster, and a folder for what it remembers about the cluster."""

    program: Path
    kubeconfig: Path
    cache: Path
    limit_seconds: float = 180
    """For one command, its own waiting included."""

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

    def get(self, *arguments: str) -> Any:
        """Read an object as a document."""
        return json.loads(self("get", *arguments, "--output=json"))

    def _run(
        self, arguments: tuple[str, ...], manifest: Mapping[str, Any] | None
    ) -> subprocess.CompletedProcess[str]:
        fixed = [f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.cache}"]
        return subprocess.run(
            [self.program, *fixed, *arguments],
            input=None if manifest is None else json.dumps(manifest),
            capture_output=True,
            text=True,
            timeout=self.limit_seconds,
            check=False,
        )
