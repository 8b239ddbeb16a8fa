"""Short questions to the Docker engine that need no progress line."""

import os
import subprocess

from dev.engine import Engine
from dev.errors import DevError

LIMIT_SECONDS = 60.0


def ask(engine: Engine, *arguments: str) -> str:
    """Run a docker command and return its output.

    Raises
    ------
    DevError
        The command fails or takes too long.
    """
    command = ["docker", *arguments]
    try:
        done = subprocess.run(
            command,
            env=os.environ | engine.env,
            check=True,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise DevError(f"`{' '.join(command)}` takes too long", "see whether `docker ps` answers") from error
    except subprocess.CalledProcessError as error:
        raise DevError(
            f"`{' '.join(command)}`: {error.stderr.strip()}", "see whether `docker ps` answers"
        ) from error
    return done.stdout


def has_image(engine: Engine, tag: str) -> bool:
    """Tell whether the engine has an image."""
    return bool(ask(engine, "image", "ls", "--quiet", tag).strip())
