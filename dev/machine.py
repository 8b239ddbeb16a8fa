"""Settings of the machine that a Docker engine and a kind cluster need or change; how to put them back."""

import socket
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
INOTIFY_INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
NEEDED_INSTANCES = 1024
"""A kind node uses about 20 of them, and kubelet and containerd fail without; the kernel's default is 128."""

BRIDGE = "docker0"
TABLES = ("filter", "nat")


@dataclass(frozen=True, slots=True)
class Before:
    """The settings as they were before the engine started here."""

    forwarding: str
    """Content of `FORWARDING`."""
    inotify_instances: str
    """Content of `INOTIFY_INSTANCES`."""
    forward_policy: str
    """Policy of the chain FORWARD: ACCEPT or DROP."""
    bridge: bool
    """Whether another engine had left its bridge and rules, which then stay."""

    def as_json(self) -> dict[str, object]:
        """Return the fields for `json.dumps`."""
        return asdict(self)


def observe() -> Before:
    """Return the present settings."""
    policies = [line.split()[1] for line in _rules("filter") if line.startswith(":FORWARD ")]
    return Before(
        forwarding=FORWARDING.read_text().strip(),
        inotify_instances=INOTIFY_INSTANCES.read_text().strip(),
        forward_policy=policies[0] if policies else "ACCEPT",
        bridge=_bridge_exists(),
    )


def make_room() -> None:
    """Raise the limits that a cluster of several nodes runs into."""
    if int(INOTIFY_INSTANCES.read_text()) < NEEDED_INSTANCES:
        INOTIFY_INSTANCES.write_text(str(NEEDED_INSTANCES))


def restore(before: Before) -> None:
    """Undo what an engine that has ended left behind."""
    if not before.bridge:
        if _bridge_exists():
            subprocess.run(["ip", "link", "delete", BRIDGE], check=True)
        for table in TABLES:
            for arguments in removals(_rules(table)):
                subprocess.run(["iptables", "--wait", "--table", table, *arguments], check=True)
    subprocess.run(["iptables", "--wait", "--policy", "FORWARD", before.forward_policy], check=True)
    FORWARDING.write_text(before.forwarding)
    INOTIFY_INSTANCES.write_text(before.inotify_instances)


def removals(rules: list[str]) -> list[list[str]]:
    """Return the iptables arguments that remove an engine's rules and chains from the lines of iptables-save.

    A rule is the engine's when it names one of its chains or its bridge. The chains go last, when no rule
    points there.
    """
    chains = [line[1:].split()[0] for line in rules if line.startswith(":DOCKER")]
    owned = [
        line.split()
        for line in rules
        if line.startswith("-A ") and not line.startswith("-A DOCKER") and _is_the_engines(line)
    ]
    return [
        *(["-D", *words[1:]] for words in owned),
        *(["-F", chain] for chain in chains),
        *(["-X", chain] for chain in chains),
    ]


def _is_the_engines(rule: str) -> bool:
    return any(word == BRIDGE or word.startswith("DOCKER") for word in rule.split())


def _bridge_exists() -> bool:
    return BRIDGE in {name for _, name in socket.if_nameindex()}


def _rules(table: str) -> list[str]:
    saved = subprocess.run(["iptables-save", "--table", table], check=True, capture_output=True, text=True)
    return saved.stdout.splitlines()
