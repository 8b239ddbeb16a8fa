"""What happens to versions, and when: pure decisions and transitions.

A model is a mapping from version numbers to `Version`. Nothing here waits, loads or reads a clock.
The order is that of TensorFlow Serving's AvailabilityPreservingPolicy: a version that is no longer wanted
goes as soon as one that is wanted answers, and not before.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fogline_model_server.catalog import State

KEPT_ENDED = 100
"""Ended versions that GetModelStatus still knows, for each model."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often loading is tried again, and how long after."""

    count: int
    pause_seconds: float


DEFAULT_RETRIES = Retries(5, 60.0)
"""Those of TensorFlow Serving."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version in its life."""

    path: Path
    wanted: bool = True
    state: State = State.START
    busy: bool = False
    """It is being loaded at this moment."""
    failures: int = 0
    next_try: float = 0
    """When it may be loaded, on the caller's clock in seconds."""
    error: str = ""
    """Why the last attempt to load it failed, for clients."""


Model = Mapping[int, Version]


@dataclass(frozen=True, slots=True)
class Actions:
    """What to begin now."""

    load: tuple[tuple[str, int], ...] = ()
    """Names of models and numbers of versions, in this order."""
    unload: tuple[tuple[str, int], ...] = ()


def aspire(model: Model, found: Mapping[int, Path]) -> Model:
    """Take note of which versions are wanted from now on."""
    after: dict[int, Version] = {}
    for number, version in model.items():
        after[number] = _still_wanted(version, found[number]) if number in found else _unwanted(version)
    for number, path in found.items():
        if number not in model:
            after[number] = Version(path)
    return _without_old_ends(after)


def _still_wanted(version: Version, path: Path) -> Version:
    if version.wanted:
        return version
    if version.state is State.END:
        return Version(path)
    return replace(version, wanted=True, path=path)


def _unwanted(version: Version) -> Version:
    waits = version.state in (State.START, State.LOADING) and not version.busy
    return replace(version, wanted=False, state=State.END if waits else version.state)


def _without_old_ends(model: Model) -> Model:
    ended = sorted(number for number, version in model.items() if _is_over(version))
    forgotten = set(ended[:-KEPT_ENDED])
    return {number: version for number, version in model.items() if number not in forgotten}


def _is_over(version: Version) -> bool:
    return version.state is State.END and not version.wanted


def due(models: Mapping[str, Model], now: float, load_slots: int) -> Actions:
    """Say what to begin.

    Parameters
    ----------
    load_slots
        How many versions may load at a time, those included that already do.

    """
    busy = sum(version.busy for model in models.values() for version in model.values())
    ready = [
        (name, number)
        for name, model in models.items()
        for number, version in sorted(model.items(), reverse=True)
        if _may_load(version) and version.next_try <= now
    ]
    return Actions(
        load=tuple(ready[: max(0, load_slots - busy)]),
        unload=tuple((name, number) for name, model in models.items() for number in _superfluous(model)),
    )


def _may_load(version: Version) -> bool:
    return version.wanted and not version.busy and version.state in (State.START, State.LOADING)


def _superfluous(model: Model) -> Iterable[int]:
    """Yield versions that answer, are not wanted and are not needed either."""
    wanted = [version for version in model.values() if version.wanted]
    if wanted and not any(version.state is State.AVAILABLE for version in wanted):
        return
    for number, version in model.items():
        if version.state is State.AVAILABLE and not version.wanted:
            yield number


def next_try(models: Mapping[str, Model], now: float) -> float | None:
    """Return when the next pause before loading a version again is over; None when there is no pause."""
    times = [
        version.next_try for model in models.values() for version in model.values() if _may_load(version)
    ]
    return min((time for time in times if time > now), default=None)


def loading(version: Version) -> Version:
    """Begin to load."""
    return replace(version, state=State.LOADING, busy=True)


def loaded(version: Version) -> Version:
    """Answer from now on."""
    return replace(version, state=State.AVAILABLE, busy=False, failures=0, next_try=0, error="")


def failed(version: Version, error: str, now: float, retries: Retries, *, final: bool) -> Version:
    """Give up, or wait for the next attempt."""
    failures = version.failures + 1
    gives_up = final or failures > retries.count or not version.wanted
    return replace(
        version,
        state=State.END if gives_up else State.LOADING,
        busy=False,
        failures=failures,
        next_try=now + max(0.0, retries.pause_seconds),
        error=error,
    )


def unloading(version: Version) -> Version:
    """Answer what has begun, and nothing new."""
    return replace(version, state=State.UNLOADING)


def unloaded(version: Version) -> Version:
    """Be gone, or start over where it has become wanted again meanwhile."""
    return Version(version.path) if version.wanted else replace(version, state=State.END)


def is_settled(model: Model) -> bool:
    """Tell whether a version answers, and each wanted one has been tried."""
    wanted = [version for version in model.values() if version.wanted]
    answers = any(version.state is State.AVAILABLE for version in wanted)
    return answers and all(version.state is State.AVAILABLE or version.failures for version in wanted)


def is_hopeless(model: Model) -> bool:
    """Tell whether each wanted version has failed for good, and there are any."""
    wanted = [version for version in model.values() if version.wanted]
    return bool(wanted) and all(version.state is State.END for version in wanted)


def names_to_forget(models: Mapping[str, Model], configured: Collection[str]) -> set[str]:
    """Return names of models that are long gone, all but the last `KEPT_ENDED` of them."""
    gone = [
        name
        for name, model in models.items()
        if name not in configured and all(_is_over(version) for version in model.values())
    ]
    return set(gone[:-KEPT_ENDED])
