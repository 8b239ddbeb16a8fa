"""The models that are served: an immutable value, replaced as a whole when something changes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from fogline_model_server.engines import Engine
from fogline_model_server.errors import Code, ServingError, invalid_argument


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Which model a request means."""

    name: str
    version: int | None = None
    label: str | None = None
    signature: str = ""
    """Empty means the default signature."""


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class ModelVersion:
    """One version that answers requests. A request holds on to it until it is answered."""

    number: int
    engine: Engine
    ran: Callable[[str, float], None] = lambda _api, _seconds: None
    """Told after each run of the engine: for which API, as metrics name it, and how many seconds it took."""


class State(IntEnum):
    """Where a version is in its life; numbers as ModelVersionStatus.State has them."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True, slots=True)
class VersionStatus:
    """What GetModelStatus says of one version."""

    number: int
    state: State
    code: Code | None = None
    """Why it is not served, when that is due to an error."""
    message: str = ""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One model with all versions of it that are known."""

    available: tuple[ModelVersion, ...]
    """Those that answer requests, lowest number first."""
    statuses: tuple[VersionStatus, ...]
    """Of every version that is or was there, lowest number first."""
    labels: Mapping[str, int] = field(default_factory=dict)
    """Version numbers by label."""
    log_share: float = 0.0
    """How many of its requests are written to the log, from 0 to 1."""
    configured: bool = True
    """Whether it is still wanted; of one that is not, only the statuses are left."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """Served models by their names on the wire."""

    models: Mapping[str, ServedModel]


def find(catalog: Catalog, spec: ModelSpec) -> ModelVersion:
    """Return the version that a request means: the one it names, else the latest.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT without a name or with an unknown label, NOT_FOUND without such a model or version.

    """
    if not spec.name:
        raise invalid_argument("ModelSpec has no name specified.")
    model = catalog.models.get(spec.name)
    number = spec.version
    if spec.label is not None:
        number = model.labels.get(spec.label) if model else None
        if number is None:
            raise invalid_argument(f"Unrecognized servable version label: {spec.label}")
    available = model.available if model else ()
    if number is None:
        if available:
            return available[-1]
        raise _not_found(f"Latest({spec.name})")
    for version in available:
        if version.number == number:
            return version
    raise _not_found(f"Specific({spec.name}, {number})")


def _not_found(request: str) -> ServingError:
    return ServingError(Code.NOT_FOUND, f"Servable not found for request: {request}")


def statuses(catalog: Catalog, name: str, number: int | None) -> tuple[VersionStatus, ...]:
    """Return the status of all known versions of a model, or of the one with that number.

    Raises
    ------
    ServingError
        NOT_FOUND: there is none.

    """
    model = catalog.models.get(name)
    known = model.statuses if model else ()
    if number is None:
        if not known:
            raise ServingError(Code.NOT_FOUND, f"Could not find any versions of model {name}")
        return known
    found = tuple(status for status in known if status.number == number)
    if not found:
        raise ServingError(Code.NOT_FOUND, f"Could not find version {number} of model {name}")
    return found
