"""The models that are served: an immutable value, replaced as a whole when something changes."""

from collections.abc import Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version that answers requests."""

    number: int
    engine: Engine


@dataclass(frozen=True, slots=True)
class Catalog:
    """Versions of each model, lowest first."""

    models: Mapping[str, tuple[ModelVersion, ...]]


def find(catalog: Catalog, spec: ModelSpec) -> ModelVersion:
    """Return the version that a request means: the one it names, else the latest.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT without a name or with an unknown label, NOT_FOUND without such a model or version.

    """
    if not spec.name:
        raise invalid_argument("ModelSpec has no name specified.")
    if spec.label is not None:
        raise invalid_argument(f"Unrecognized servable version label: {spec.label}")
    versions = catalog.models.get(spec.name, ())
    if spec.version is None:
        if versions:
            return versions[-1]
        raise _not_found(f"Latest({spec.name})")
    for version in versions:
        if version.number == spec.version:
            return version
    raise _not_found(f"Specific({spec.name}, {spec.version})")


def _not_found(request: str) -> ServingError:
    return ServingError(Code.NOT_FOUND, f"Servable not found for request: {request}")


def known_versions(catalog: Catalog, name: str, number: int | None) -> tuple[ModelVersion, ...]:
    """Return all versions of a model, or the one with that number.

    Raises
    ------
    ServingError
        NOT_FOUND: there is none.

    """
    versions = catalog.models.get(name, ())
    if number is None:
        if not versions:
            raise ServingError(Code.NOT_FOUND, f"Could not find any versions of model {name}")
        return versions
    found = tuple(version for version in versions if version.number == number)
    if not found:
        raise ServingError(Code.NOT_FOUND, f"Could not find version {number} of model {name}")
    return found
