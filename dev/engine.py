"""The Docker engine: the one that answers, else Debian's, started here with its data in the cache.

One engine serves a machine, so its state lies in ``/run``, which a reboot empties.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from dev import host, machine, processes
from dev.cache import content_key, kept_folder
from dev.errors import DevError
from dev.paths import ROOT, cache_home
from dev.steps import step

STATE = Path("/run/fogline/engine")
SOCKET = STATE / "docker.sock"
BEFORE = STATE / "before.json"
"""The machine's settings before the engine changed them."""

ANSWER_LIMIT_SECONDS = 5.0
START_LIMIT_SECONDS = 60.0
END_LIMIT_SECONDS = 40.0
POLL_SECONDS = 0.2

RELAXED_RUNTIME = ROOT / "dev" / "node" / "runc-without-sys-resource"


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that answers."""

    ours: bool
    """Started here, so ended by ``down``."""

    @property
    def env(self) -> dict[str, str]:
        """Variables by which docker and kind find the engine."""
        return {"DOCKER_HOST": f"unix://{SOCKET}"} if self.ours else {}


def find() -> Engine | None:
    """Return the engine that answers: one that we started before any other."""
    engines = [Engine(ours=True)] if SOCKET.exists() else []
    engines.append(Engine(ours=False))
    return next((engine for engine in engines if _answers(engine)), None)


def ensure() -> Engine:
    """Return the engine that answers; start one if there is none.

    Raises
    ------
    DevError
        No engine answers and none can be started from here.
    """
    return find() or _start()


def find_or_revive() -> Engine | None:
    """Return the engine that answers; start ours again if it was killed, since only it knows what it left.

    Raises
    ------
    DevError
        Ours does not start again.
    """
    return _start() if STATE.exists() and not _answers(Engine(ours=True)) else find()


def end() -> None:
    """End the engine if it was started here, with all that it made outside its data.

    Raises
    ------
    DevError
        A process of it does not end.
    """
    if not STATE.exists():
        return
    with step(
        "End the Docker engine", advice="run the same command again; a reboot removes everything"
    ) as ending:
        engine = Engine(ours=True)
        containers = ending.run(["docker", "ps", "--all", "--quiet"], env=engine.env).split()
        if containers:
            ending.run(["docker", "rm", "--force", "--volumes", *containers], env=engine.env)
        ending.run(["docker", "network", "prune", "--force"], env=engine.env)
        ending.run(["docker", "volume", "prune", "--force"], env=engine.env)
        processes.end(_pids(), signal.SIGTERM, limit_seconds=END_LIMIT_SECONDS)
        processes.end(
            processes.mentioning(str(STATE), {"containerd", "containerd-shim-runc-v2", "docker-proxy"}),
            signal.SIGKILL,
            limit_seconds=END_LIMIT_SECONDS,
        )
        _unmount()
        machine.restore(machine.Before(**json.loads(BEFORE.read_text())))
        shutil.rmtree(STATE)


def data_folder() -> Path:
    """Return where our engine keeps its images between runs."""
    return cache_home() / "engine"


def _answers(engine: Engine) -> bool:
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        subprocess.run(
            command,
            env=os.environ | engine.env,
            check=True,
            capture_output=True,
            timeout=ANSWER_LIMIT_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _start() -> Engine:
    if os.geteuid() != 0:
        raise DevError(
            "no Docker engine answers",
            "start it (`systemctl start docker`), set DOCKER_HOST, or run this as root to start one here",
        )
    host.require({"dockerd": "docker.io", "docker": "docker.io", "iptables": "iptables", "runc": "runc"})
    engine = find()
    if engine is not None:  # installing the package started it
        return engine
    log = STATE / "log"
    advice = f"look at {log}; another engine or a firewall may be in the way"
    with step("Start the Docker engine", advice=advice):
        STATE.mkdir(parents=True, exist_ok=True)
        if not BEFORE.exists():
            BEFORE.write_text(json.dumps(machine.observe().as_json()))
        machine.make_room()
        (STATE / "docker.pid").unlink(missing_ok=True)
        with log.open("ab") as output:
            daemon = subprocess.Popen(
                _command(), stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        engine = Engine(ours=True)
        give_up = time.monotonic() + START_LIMIT_SECONDS
        while not _answers(engine):
            if daemon.poll() is not None or time.monotonic() > give_up:
                last = "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-8:])
                raise DevError(f"the Docker engine does not start\n{last}", advice)
            time.sleep(POLL_SECONDS)
    return engine


def _command() -> list[str]:
    command = ["dockerd", "--host", f"unix://{SOCKET}", "--pidfile", f"{STATE}/docker.pid"]
    command += ["--exec-root", f"{STATE}/exec", "--data-root", str(data_folder())]
    if host.lacks_sys_resource():
        command += ["--add-runtime", f"relaxed={_kept_runtime()}", "--default-runtime", "relaxed"]
    return command


def _kept_runtime() -> Path:
    """Return a copy that stays when the checkout goes or changes; ``/run`` may not hold programs."""

    def make(folder: Path) -> None:
        shutil.copy(RELAXED_RUNTIME, folder)

    return kept_folder("runtime", content_key(RELAXED_RUNTIME), make) / RELAXED_RUNTIME.name


def _pids() -> list[int]:
    return processes.mentioning(str(SOCKET), {"dockerd"})


def _unmount() -> None:
    """Remove mounts that a killed engine left."""
    points = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for point in reversed(points):
        if Path(point).is_relative_to(STATE) or Path(point).is_relative_to(data_folder()):
            subprocess.run(["umount", "--lazy", point], check=True)
