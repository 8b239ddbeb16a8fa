"""Keeps what is served in line with what is wanted: looks at base paths, loads, unloads, publishes."""

import asyncio
import gc
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fogline_model_server import log
from fogline_model_server.catalog import Catalog, ModelVersion, ServedModel, State
from fogline_model_server.errors import Code, LoadError, ServingError
from fogline_model_server.models import plan, reports
from fogline_model_server.models.config import Config, check_labels
from fogline_model_server.models.folders import Scan, scan, wanted
from fogline_model_server.serving import Serving

_COLLECT_SECONDS = 1.0
"""A version that takes longer to go may hang in a cycle of references, which only the collector frees."""

Load = Callable[[str, int, Path], ModelVersion]
"""From the name of a model, the number and the folder of a version; raises LoadError. Runs in a thread."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the manager goes about it."""

    poll_seconds: float = 1.0
    """How often base paths are looked at; 0 is once for each configuration."""
    load_threads: int = 1
    retries: plan.Retries = plan.DEFAULT_RETRIES
    labels_may_wait: bool = False
    """See ``waiting`` of `check_labels`."""


class Manager:
    """Owns the state of all versions. All methods belong to one event loop."""

    def __init__(self, serving: Serving, load: Load, options: Options) -> None:
        self._serving = serving
        self._load = load
        self._options = options
        self._threads = ThreadPoolExecutor(options.load_threads, thread_name_prefix="load")
        self._config: Config = {}
        self._models: dict[str, plan.Model] = {}
        self._in_catalog: Mapping[str, plan.Model] = {}
        """The models as the catalogue knows them, which is replaced a moment after they change."""
        self._versions: dict[tuple[str, int], ModelVersion] = {}
        """Those that answer."""
        self._ended = False
        self._unloading = 0
        """How many versions wait for their last requests."""
        self._next_collection: float | None = None
        self._collection_pause = _COLLECT_SECONDS
        self._scans: dict[str, Scan | None] = {}
        """What was found last, so that each finding is told once."""
        self._next_poll: float | None = 0.0
        self._wake = asyncio.Event()
        self._published = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._loads: set[asyncio.Task[None]] = set()

    async def start(self, config: Config) -> None:
        """Load what is wanted, and return when every model has a version that answers.

        Raises
        ------
        ServingError
            FAILED_PRECONDITION: a label is on a version that does not answer.
        LoadError
            A model has no version that can be loaded.

        """
        check_labels(config, {}, {}, waiting=self._options.labels_may_wait)
        self._config = config
        self._task = asyncio.create_task(self._run())
        await self._until_settled(config)

    async def reconfigure(self, config: Config) -> None:
        """Replace the set of wanted models, and return when every new one has a version that answers.

        Raises
        ------
        ServingError
            FAILED_PRECONDITION: a label is on a version that does not answer; nothing has changed then.
            UNKNOWN: a new model has no version that can be loaded; the rest has changed. ABORTED: it was
            itself replaced while a model was loading.

        """
        available = {
            name: frozenset(number for number, version in model.items() if version.state is State.AVAILABLE)
            for name, model in self._models.items()
        }
        check_labels(config, self._config, available, waiting=self._options.labels_may_wait)
        new = {name: model for name, model in config.items() if name not in self._config}
        log.info("configured", models=sorted(config))
        self._config = config
        self._next_poll = 0
        self._wake.set()
        self._publish()
        try:
            await self._until_settled(new)
        except LoadError as error:
            raise ServingError(Code.UNKNOWN, str(error)) from error

    def drain(self) -> None:
        """Load and unload nothing more, and say of all versions that they unload."""
        self._ended = True
        self._published.set()
        if self._task:
            self._task.cancel()
        self._serving.drain(reports.unloading(self._serving.catalog))
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _until_settled(self, names: Config) -> None:
        config = self._config
        while not self._ended:
            if config is not self._config:
                raise ServingError(Code.ABORTED, "Another configuration has replaced this one.")
            models = {name: self._in_catalog.get(name, {}) for name in names}
            if all(plan.is_settled(model) for model in models.values()):
                return
            hopeless = {name: model for name, model in models.items() if plan.is_hopeless(model)}
            if hopeless:
                raise LoadError(reports.did_not_become_available(hopeless))
            await self._published.wait()
        raise ServingError(Code.UNAVAILABLE, "The server is shutting down.")

    async def _run(self) -> None:
        while True:
            try:
                await self._step()
            except Exception as error:  # noqa: BLE001  what is served must go on being looked after
                log.unexpected("looking after the models failed", error)
                await asyncio.sleep(1)

    async def _step(self) -> None:
        loop = asyncio.get_running_loop()
        self._wake.clear()
        if self._next_poll is not None and loop.time() >= self._next_poll:
            await self._poll()
        self._act(loop.time())
        self._publish()
        try:
            async with asyncio.timeout_at(self._next_time(loop.time())):
                await self._wake.wait()
        except TimeoutError:
            self._collect(loop.time())

    def _collect(self, now: float) -> None:
        """Free versions that hang in cycles. It stops everything for a moment, so ever more seldom."""
        if self._unloading and self._next_collection is not None and now >= self._next_collection:
            gc.collect()
            self._collection_pause *= 2
            self._next_collection = now + self._collection_pause

    def _next_time(self, now: float) -> float | None:
        """Return when there is something to do even if nothing happens."""
        times = [self._next_poll, plan.next_try(self._models, now)]
        if self._unloading:
            times.append(self._next_collection)
        return min((time for time in times if time is not None), default=None)

    async def _poll(self) -> None:
        config = self._config
        found = await asyncio.to_thread(
            lambda: {name: scan(model.base_path) for name, model in config.items()}
        )
        if config is not self._config:
            return  # it was replaced meanwhile, and the next look comes at once
        for name in self._models.keys() - config.keys():
            self._models[name] = plan.aspire(self._models[name], {})
        for name, result in found.items():
            if name not in self._scans or result != self._scans[name]:
                reports.tell_found(name, config[name], result)
            folders = wanted(result.folders, config[name].policy) if result else None
            if folders is not None:
                self._models[name] = plan.aspire(self._models.get(name, {}), folders)
        self._scans = found
        for name in plan.names_to_forget(self._models, config.keys()):
            del self._models[name]
        pause = self._options.poll_seconds
        self._next_poll = asyncio.get_running_loop().time() + pause if pause else None

    def _act(self, now: float) -> None:
        actions = plan.due(self._models, now, self._options.load_threads)
        for name, number in actions.load:
            self._change(name, number, plan.loading)
            task = asyncio.create_task(self._load_one(name, number, self._models[name][number].path))
            self._loads.add(task)
            task.add_done_callback(self._loads.discard)
        for name, number in actions.unload:
            self._unload(name, number)

    async def _load_one(self, name: str, number: int, folder: Path) -> None:
        loop = asyncio.get_running_loop()
        try:
            version = await loop.run_in_executor(self._threads, self._load, name, number, folder)
        except LoadError as error:
            failure = error
            self._change(
                name,
                number,
                lambda old: plan.failed(
                    old, str(failure), loop.time(), self._options.retries, final=failure.final
                ),
            )
            reports.tell_failure(name, number, folder, failure, self._models[name][number])
        else:
            self._versions[name, number] = version
            self._change(name, number, plan.loaded)
        self._wake.set()

    def _unload(self, name: str, number: int) -> None:
        """Take a version out of service; it is gone when the last request that holds it is answered."""
        self._change(name, number, plan.unloading)
        self._unloading += 1
        loop = asyncio.get_running_loop()
        self._collection_pause = _COLLECT_SECONDS
        self._next_collection = loop.time() + self._collection_pause
        # Python counts references: this runs as soon as nobody holds the version any more, in whatever thread
        # lets it go. So no request has to count itself in and out.
        weakref.finalize(
            self._versions.pop((name, number)), _call_soon, loop, self._unloaded, name, number
        ).atexit = False

    def _unloaded(self, name: str, number: int) -> None:
        self._unloading -= 1
        self._change(name, number, plan.unloaded)
        log.info("model unloaded", model=name, version=number)
        self._wake.set()

    def _change(self, name: str, number: int, how: Callable[[plan.Version], plan.Version]) -> None:
        model = self._models[name]
        self._models[name] = {**model, number: how(model[number])}

    def _publish(self) -> None:
        catalog = Catalog({name: self._served(name, model) for name, model in self._models.items()})
        if catalog != self._serving.catalog:
            self._serving.replace(catalog)
        self._in_catalog = dict(self._models)
        self._published.set()
        self._published = asyncio.Event()

    def _served(self, name: str, model: plan.Model) -> ServedModel:
        config = self._config.get(name)
        numbers = sorted(model)
        return ServedModel(
            available=tuple(
                self._versions[name, number] for number in numbers if model[number].state is State.AVAILABLE
            ),
            statuses=tuple(reports.status(number, model[number]) for number in numbers),
            labels=config.labels if config else {},
            log_share=config.log_share if config else 0.0,
            configured=config is not None,
        )


def _call_soon(
    loop: asyncio.AbstractEventLoop, callback: Callable[[str, int], None], name: str, number: int
) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(callback, name, number)
