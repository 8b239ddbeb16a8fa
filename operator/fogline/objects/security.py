"""What our pods and containers may do."""

from fogline.objects.metadata import Document

USER_ID = 65532
"""Unprivileged user of our containers."""


def unprivileged() -> Document:
    """Give the security context of a pod: Pod Security Standards, level restricted."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER_ID,
        "runAsGroup": USER_ID,
        "fsGroup": USER_ID,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def restricted() -> Document:
    """Give the security context of a container: as above, and a root file system that nobody writes to."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
