"""What the pods hold of the nodes, counted once and then kept in step with every change."""

from collections.abc import Iterable, Mapping

from fogline.placement import Usage
from fogline.snapshot import Node, Pod, Snapshot


class Tally:
    """Keeps a `Usage` in step with nodes and pods. A change costs what it touches, whatever else is there.

    Parameters
    ----------
    nodes
        The nodes as they are, by name; looked at for those that are said to have changed.
    """

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self._nodes = nodes
        self._usage = Usage(Snapshot(()))
        self._pods: dict[str, Pod] = {}
        """By uid."""
        self._on_node: dict[str, dict[str, Pod]] = {}
        """By name of the node, which need not exist, and uid."""
        self._changed: set[str] = set()

    def nodes_changed(self, names: Iterable[str]) -> None:
        """Take note that nodes came, changed or went."""
        self._changed.update(names)

    def counts(self, uid: str) -> bool:
        """Tell whether a pod is counted."""
        return uid in self._pods

    def put(self, uid: str, pod: Pod | None) -> None:
        """Count a pod as it is now; None when it takes no room any more."""
        before = self._pods.pop(uid, None)
        if before == pod and pod is not None:
            self._pods[uid] = pod
            return
        if before is not None:
            self._usage.remove(before)
            there = self._on_node[before.node]
            del there[uid]
            if not there:
                del self._on_node[before.node]
        if pod is not None:
            self._usage.add(pod)
            self._pods[uid] = pod
            self._on_node.setdefault(pod.node, {})[uid] = pod

    def is_over_committed(self, node: str) -> bool:
        """Tell whether more is requested of a node than it had when a `Usage` was last asked for."""
        return self._usage.is_over_committed(node)

    def usage(self) -> Usage:
        """Give a `Usage` for one decision."""
        self._follow_nodes()
        return self._usage.fork()

    def _follow_nodes(self) -> None:
        if not self._changed:
            return
        affected = [pod for name in self._changed for pod in self._on_node.get(name, {}).values()]
        for pod in affected:
            self._usage.remove(pod)
        self._usage.change_nodes({name: self._nodes.get(name) for name in self._changed})
        for pod in affected:
            self._usage.add(pod)
        self._changed.clear()
