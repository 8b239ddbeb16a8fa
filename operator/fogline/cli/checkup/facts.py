"""What is known of a cluster and of the installation in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from fogline.api import ModelDeployment
from fogline.cluster.documents import Document
from fogline.cluster.objects import Lease
from fogline.cluster.version import VersionInfo
from fogline.collector.answer import Answered
from fogline.errors import BadInputError
from fogline.observe import Profile
from fogline.snapshot import Node

OPERATOR, JANITOR, COLLECTOR = "fogline-operator", "fogline-janitor", "fogline-collector"
"""Names of their Deployments, and their label app.kubernetes.io/name."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that could not be had, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Models:
    """The ModelDeployments."""

    readable: tuple[ModelDeployment, ...] = ()
    unreadable: Mapping[str, BadInputError] = field(default_factory=dict)
    """By namespace and name, as ``shop/digits``."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """The nodes with what profiles say of them, and the profiles."""

    nodes: tuple[Node, ...] = ()
    profiles: tuple[Profile, ...] = ()
    unreadable_profiles: Mapping[str, BadInputError] = field(default_factory=dict)
    """By name."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is judged. Each field is what was read, or why it could not be."""

    now: datetime
    """By the clock of this machine."""
    version: VersionInfo | Unknown
    clock_seconds: float | Unknown | None
    """How far the API server's clock is ahead of this machine's; None when it does not say its time."""
    definitions: Mapping[str, Document | None] | Unknown
    """CustomResourceDefinitions of ours by name; None for one that is not there."""
    models: Models | Unknown
    nodes: Nodes | Unknown
    trainings: Sequence[Document] | Unknown
    """The ModelTrainings."""
    pods: Sequence[Document] | Unknown
    """The pods of all models."""
    deployments: Mapping[str, Document] | Unknown
    """Those of the operator, the janitor and the collector, by name."""
    lease: Lease | Unknown | None
    """Of the operator that decides; None when nobody has ever decided."""
    missing_rights: Mapping[str, Sequence[str]] | Unknown
    """What accounts of ours may not do and would have to, by account."""
    policies: Sequence[Document] | Unknown
    """ValidatingAdmissionPolicies of ours."""
    bindings: Sequence[Document] | Unknown
    """Their bindings."""
    watched_policies: Sequence[str] | Unknown
    """Names of those that the operator looks after, for they were installed with it."""
    figures: Answered | str | Unknown | None
    """What the collector answers, or why it does not; None when none is Ready."""
    client_sites: Sequence[str] | Unknown
    """Those that have a probe."""


def setting(deployment: Document, variable: str) -> str:
    """Read a variable from the environment of the first container; empty when it is not set."""
    variables = deployment["spec"]["template"]["spec"]["containers"][0].get("env", ())
    return next((one.get("value", "") for one in variables if one["name"] == variable), "")
