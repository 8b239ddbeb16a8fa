"""Versions that more than one module needs to agree on. Those of Go modules are pinned in ``dev/go``."""

KUBERNETES = "v1.34.4"
"""The newest minor version that also runs on cgroup v1 without further settings."""

CONTAINERD = "v2.3.4"
"""What containerd reports as its version; the source is pinned in ``dev/go/containerd``."""
