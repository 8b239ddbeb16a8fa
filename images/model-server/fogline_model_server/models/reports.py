"""What is told about models: to clients in statuses, to people in the log."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fogline_model_server import log
from fogline_model_server.catalog import Catalog, State, VersionStatus
from fogline_model_server.errors import Code, LoadError
from fogline_model_server.models import plan
from fogline_model_server.models.config import ModelConfig, Specific
from fogline_model_server.models.folders import Scan, wanted


def status(number: int, version: plan.Version) -> VersionStatus:
    """Return what GetModelStatus says of a version."""
    if not version.error:
        return VersionStatus(number, version.state)
    return VersionStatus(number, version.state, Code.UNKNOWN, version.error)


def unloading(catalog: Catalog) -> Catalog:
    """Return what is served with statuses that say that it ends."""
    return Catalog(
        {
            name: replace(
                model,
                statuses=tuple(
                    replace(status, state=State.UNLOADING) if status.state is State.AVAILABLE else status
                    for status in model.statuses
                ),
            )
            for name, model in catalog.models.items()
        }
    )


def did_not_become_available(models: Mapping[str, plan.Model]) -> str:
    """Say why, in the form of TensorFlow Serving."""
    reasons = "".join(
        f"{{name: {name} version: {number} due to error: {version.error}}}, "
        for name, model in models.items()
        for number, version in model.items()
        if version.wanted
    )
    return f"{len(models)} model(s) did not become available: {{{reasons}}}"


def tell_found(name: str, config: ModelConfig, result: Scan | None) -> None:
    """Log what somebody should know of what was found."""
    where = {"model": name, "base_path": config.base_path}
    if result is None:
        log.warning("waiting for a version: the base path cannot be read. What is loaded stays", **where)
        return
    for path in result.shadowed:
        log.warning("another folder has the same version number: this one is ignored", folder=path, **where)
    if not wanted(result.folders, config.policy):
        log.warning(
            "waiting for a version: none is below the base path. Version folders are named by numbers, as 1",
            **where,
        )
    if isinstance(config.policy, Specific):
        missing = sorted(config.policy.numbers - result.folders.keys())
        if missing:
            log.warning("versions that the configuration asks for are not there", versions=missing, **where)


def tell_failure(name: str, number: int, folder: Path, error: LoadError, after: plan.Version) -> None:
    """Log that a version was not loaded."""
    what = {"model": name, "version": number, "folder": folder, "reason": str(error)}
    if after.state is State.LOADING:
        log.warning("cannot load a version, will try again", attempts=after.failures, **what)
    else:
        log.error("cannot load a version, gave up", attempts=after.failures, **what)
