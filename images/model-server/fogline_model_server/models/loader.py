"""Loading one version, in a thread."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fogline_model_server import log
from fogline_model_server.catalog import ModelVersion
from fogline_model_server.engines import Engine
from fogline_model_server.errors import LoadError
from fogline_model_server.metrics.meter import Meter
from fogline_model_server.models.warmup import warm_up


@dataclass(frozen=True, slots=True)
class Loader:
    """Loads versions and warms them up."""

    load: Callable[[Path], Engine]
    """Raises LoadError."""
    meter: Meter
    warmup_iterations: int = 1
    """How often each warm-up record is replayed; 0 leaves them alone."""

    def __call__(self, name: str, number: int, folder: Path) -> ModelVersion:
        """Return the version, ready to answer.

        Raises
        ------
        LoadError
            It cannot be loaded, or not be warmed up.

        """
        began = time.perf_counter()
        try:
            version = ModelVersion(number, self.load(folder), partial(self.meter.ran, name))
            records = self._warmed_up(name, folder, version)
        except LoadError:
            self.meter.load_failed(name)
            raise
        except Exception as error:
            # A mistake of ours, or an error that the engine's library does not announce.
            self.meter.load_failed(name)
            log.unexpected("loading failed", error, model=name, version=number)
            raise LoadError(f"the version cannot be loaded: {type(error).__name__}") from error
        seconds = time.perf_counter() - began
        self.meter.loaded(name, seconds)
        log.info(
            "model loaded",
            model=name,
            version=number,
            engine=version.engine.name,
            seconds=round(seconds, 3),
            warmup_records=records,
        )
        return version

    def _warmed_up(self, name: str, folder: Path, version: ModelVersion) -> int:
        if not self.warmup_iterations:
            return 0
        began = time.perf_counter()
        records = warm_up(folder, version, self.warmup_iterations)
        if records:
            self.meter.warmed_up(name, None, time.perf_counter() - began)
        return records
