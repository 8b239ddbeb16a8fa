"""What our containers may do."""

from fogline.objects.metadata import Document


def restricted() -> Document:
    """Pod Security Standards, level restricted, and a root file system that nobody writes to."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
