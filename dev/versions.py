"""Versions that more than one module needs to agree on. Those of Go modules are pinned in ``dev/go``."""

KUBERNETES = "v1.34.4"
"""The newest minor version that also runs on cgroup v1 without further settings."""

CONTAINERD = "v2.3.4"
"""What containerd reports as its version; the source is pinned in ``dev/go/containerd``."""

RELEASED_NODE_IMAGE = (
    "kindest/node:v1.34.8@sha256:02722c2dedddcfc00febf5d27fbeb9b7b2c14294c82109ff4a85d89ac9ba3256"
)
"""The same minor version as a release of kind; its release notes name the digest."""

RELEASED_PYTHON_IMAGE = "docker.io/library/python:3.12-slim-bookworm"
"""What the images with Python are built from where a registry is used; the Dockerfiles have the same default.

A release pins it by digest: ``docker buildx imagetools inspect docker.io/library/python:3.12-slim-bookworm``
prints that of the list of all architectures. Append it, as ``@sha256:...``, here and in each ``ARG BASE``.
Without a digest the tag decides, and what it names changes with every security update of Debian.
"""
