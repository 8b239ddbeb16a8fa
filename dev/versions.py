"""Versions that more than one module needs to agree on. Those of Go modules are pinned in ``dev/go``."""

KUBERNETES = "v1.34.4"
"""The newest minor version that also runs on cgroup v1 without further settings."""

CONTAINERD = "v2.3.4"
"""What containerd reports as its version; the source is pinned in ``dev/go/containerd``."""

HELM = "v4.3.2"
"""What helm reports as its version; the source is pinned in ``dev/go/helm``."""

RELEASED_NODE_IMAGE = (
    "kindest/node:v1.34.8@sha256:02722c2dedddcfc00febf5d27fbeb9b7b2c14294c82109ff4a85d89ac9ba3256"
)
"""The same minor version as a release of kind; its release notes name the digest."""

RELEASED_PYTHON_IMAGE = (
    "docker.io/library/python:3.12-slim-bookworm"
    "@sha256:a116514e19457bcb7af7efe9c3dd0b9b71e85b317694e7882a1c52aa15a78134"
)
"""What the images with Python are built from where a registry is used: Python 3.12.14, all architectures.

The Dockerfiles have the same default. To take a newer one, with Debian's security updates, put the digest
that ``docker buildx imagetools inspect docker.io/library/python:3.12-slim-bookworm`` prints here and in each
``ARG BASE``.
"""
