"""Live moves for the demo: nodes change under a model that is asked all the time."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dev import client
from dev.api import connect
from dev.client import Asked, Asker
from dev.docker import ask
from dev.engine import Engine
from dev.errors import DevError
from dev.kubectl import apply, kubectl
from dev.paths import KIND_KUBECONFIG
from dev.steps import step

MODEL = "/apis/fogline.dev/v1alpha1/namespaces/default/modeldeployments/digits"
HASTE = '{"spec": {"rebalancing": {"cooldownSeconds": 5, "minSavingPercent": 5}}}'
"""With the defaults ten minutes would pass between two moves of one replica."""
PROFILE = "demo"
SETTLED_SECONDS = 8.0
"""A model that has had no move for so long is left alone."""
LIMIT_SECONDS = 180.0
POLL_SECONDS = 0.5

Document = dict[str, Any]


def show_moves(engine: Engine, folder: Path) -> None:
    """Change capacity, price and state of nodes while a client keeps asking; then cut one off.

    Raises
    ------
    DevError
        Nothing moves, the model is not Ready in time, or a request was lost.
    """
    with step("Make moves quick", advice="look at `kubectl get modeldeployment digits`") as hurrying:
        kubectl(hurrying, "patch", "modeldeployment", "digits", "--type=merge", f"--patch={HASTE}")
    with client.asking(folder, ["digits.default.svc"]) as asker:
        show = _Show(asker)
        node = show.edge_node()
        show.scene(
            f"Most of the capacity of {node} is taken away", lambda: _profile(node, capacityShare="0.1")
        )
        show.scene(f"{node} gets it back", _no_profile, must_move=False)
        node = show.edge_node()
        show.scene(f"{node} becomes dear", lambda: _profile(node, costPerHour="3"))
        show.scene("... and cheap again", _no_profile, must_move=False)
        node = show.edge_node()
        show.scene(f"{node} is drained", lambda: _drain(node))
        show.scene("... and takes pods again", lambda: _uncordon(node), must_move=False)
        show.check_requests()
        node = show.edge_node()
        _cut_off(engine, node, show)


class _Show:
    """What the audience sees: what happens, each move that follows, and how the requests fare."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._told = {one["id"] for one in _history(_model())}
        self._asked = asker.asked()

    def edge_node(self) -> str:
        """Name the edge node with the most replicas."""
        nodes = [one["node"] for one in _model()["status"]["placements"] if one.get("tier") == "Edge"]
        return str(max(sorted(set(nodes)), key=nodes.count))

    def scene(self, title: str, action: Callable[[], None], *, must_move: bool = True) -> None:
        """Do something to a node, and show what follows until all is calm again."""
        print(f"\n{title}", flush=True)
        action()
        moved, calm_since = not must_move, time.monotonic()
        give_up = time.monotonic() + LIMIT_SECONDS
        while not moved or time.monotonic() - calm_since < SETTLED_SECONDS:
            if time.monotonic() > give_up:
                raise DevError(f"{title}: the model is not calm", "look at `fogline explain digits`")
            time.sleep(POLL_SECONDS)
            model = _model()
            news = self._news(model)
            moved = moved or bool(news)
            if news or not _is_calm(model):
                calm_since = time.monotonic()
        self.tell_requests()

    def tell_requests(self) -> Asked:
        """Print what has come of the requests since the last time."""
        before, self._asked = self._asked, self._asker.asked()
        answered = self._asked["answered"] - before["answered"]
        print(f"  {answered} requests answered, {_lost(self._asked) - _lost(before)} lost", flush=True)
        return self._asked

    def check_requests(self) -> None:
        """Sum up.

        Raises
        ------
        DevError
            A request was lost.
        """
        asked = self._asker.asked()
        print(f"\n{asked['answered']} requests while replicas moved, {_lost(asked)} lost", flush=True)
        if _lost(asked):
            raise DevError(f"requests were lost: {asked['failures']}", "look at `kubectl get events`")

    def _news(self, model: Document) -> list[Document]:
        news = [one for one in reversed(_history(model)) if one["id"] not in self._told]
        for one in news:
            self._told.add(one["id"])
            saving = f", saves ${one['savingPerHour']}/h" if "savingPerHour" in one else ""
            way = f"{one['from']} -> {one['to']} ({one['variant']})"
            print(f"  {one['result']}: {way}, {one['reason']}{saving}, {one['seconds']} s", flush=True)
        return news


def _cut_off(engine: Engine, node: str, show: _Show) -> None:
    """Take the link of a node down, show what the cluster makes of it, and restore the link.

    No operator can save the requests that are on their way to a node when its link goes down, or that are
    sent there before Kubernetes has noticed: they are counted apart.
    """
    route = ask(engine, "exec", node, "ip", "-4", "route", "show", "default").split()
    print(f"\n{node} is cut off", flush=True)
    ask(engine, "exec", node, "ip", "link", "set", "eth0", "down")
    try:
        _wait(lambda: not _is_ready(node), f"{node} is found to be lost")
        print(f"  after a while: {_condition(_model(), 'Ready')}", flush=True)
        show.tell_requests()
    finally:
        ask(engine, "exec", node, "ip", "link", "set", "eth0", "up")
        ask(engine, "exec", node, "ip", "route", "replace", *route)
    print(f"\n{node} is back", flush=True)
    _wait(lambda: _is_ready(node) and _is_calm(_model()), "the model is Ready again")
    print(f"  {_condition(_model(), 'Ready')}", flush=True)
    show.tell_requests()


def _profile(node: str, **facts: str) -> None:
    with step(f"NodeProfile {PROFILE}", advice="look at `kubectl get nodeprofiles`") as applying:
        spec = {"nodeSelector": {"kubernetes.io/hostname": node}, **facts}
        document = {
            "apiVersion": "fogline.dev/v1alpha1",
            "kind": "NodeProfile",
            "metadata": {"name": PROFILE},
            "spec": spec,
        }
        apply(applying, "node-profile", [document])


def _no_profile() -> None:
    with step("No NodeProfile", advice="look at `kubectl get nodeprofiles`") as deleting:
        kubectl(deleting, "delete", "nodeprofile", PROFILE)


def _drain(node: str) -> None:
    with step(f"Drain {node}", advice="look at `kubectl get poddisruptionbudgets`") as draining:
        kubectl(
            draining,
            *("drain", node, "--ignore-daemonsets", "--delete-emptydir-data"),
            *("--pod-selector=fogline.dev/model", f"--timeout={LIMIT_SECONDS:.0f}s"),
            limit_seconds=LIMIT_SECONDS + 10,
        )


def _uncordon(node: str) -> None:
    with step(f"Uncordon {node}", advice="look at `kubectl get nodes`") as opening:
        kubectl(opening, "uncordon", node)


def _model() -> Document:
    with connect(KIND_KUBECONFIG) as api:
        return dict(api.request("GET", MODEL))


def _history(model: Document) -> list[Document]:
    return list(model["status"].get("moves", {}).get("history", []))


def _is_calm(model: Document) -> bool:
    return not model["status"]["moves"].get("active") and _condition(model, "Ready").startswith("Ready=True")


def _condition(model: Document, kind: str) -> str:
    for one in model["status"]["conditions"]:
        if one["type"] == kind:
            return f"{kind}={one['status']} ({one['reason']}) {one['message']}".strip()
    return ""


def _is_ready(node: str) -> bool:
    with connect(KIND_KUBECONFIG) as api:
        conditions = api.request("GET", f"/api/v1/nodes/{node}")["status"]["conditions"]
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _wait(condition: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + LIMIT_SECONDS
    while not condition():
        if time.monotonic() > give_up:
            raise DevError(f"{what}: not within {LIMIT_SECONDS:.0f} s", "look at `kubectl get nodes,pods`")
        time.sleep(POLL_SECONDS)


def _lost(asked: Asked) -> int:
    return int(asked["failed"] + asked["wrong"])
