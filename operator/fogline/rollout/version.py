"""What makes a version of a variant: its artifact and its image."""

import msgspec

from fogline.api import Artifact, Variant


class Version(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """What the replicas of a variant serve, and with which program."""

    artifact: Artifact | None = None
    """None: it is awaited."""
    image: str | None = None
    """None: the one that the operator's settings name."""

    @property
    def uri(self) -> str:
        """Where its files are."""
        return self.artifact.uri if self.artifact else ""


def version_of(variant: Variant) -> Version:
    """Give the version that a spec asks for."""
    return Version(variant.artifact, variant.image)


def serving(variant: Variant, version: Version) -> Variant:
    """Give the same variant with another version."""
    return msgspec.structs.replace(variant, artifact=version.artifact, image=version.image)
