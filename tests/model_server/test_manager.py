"""Versions of real models on disk, loaded and unloaded in this process."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.wait import wait_for

from fogline_model_server import engines
from fogline_model_server.answers import health
from fogline_model_server.catalog import Catalog, ModelSpec, ModelVersion, State, find
from fogline_model_server.errors import Code, LoadError, ServingError
from fogline_model_server.messages import HealthCheckRequest
from fogline_model_server.models.config import All, Config, Latest, ModelConfig, Policy, Specific
from fogline_model_server.models.loader import Loader
from fogline_model_server.models.manager import Manager, Options
from fogline_model_server.models.plan import Retries
from fogline_model_server.serving import Serving

AT_ONCE = Retries(0, 0)
QUICK = 0.02


@pytest.fixture
def tflite(models: Path) -> Path:
    return models / "plain/00000007/anything.tflite"


def put(base: Path, number: int | str, file: Path | bytes) -> Path:
    """Make a version folder appear at once."""
    hidden = base / f".{number}"
    hidden.mkdir(parents=True)
    content = file if isinstance(file, bytes) else file.read_bytes()
    (hidden / "model.tflite").write_bytes(content)
    return hidden.rename(base / str(number))


def config(base: Path, policy: Policy = Latest(), **labels: int) -> Config:  # noqa: B008  immutable
    return {"m": ModelConfig(base, policy, labels)}


class Managed:
    """A manager and what it serves."""

    def __init__(self, **options: Any) -> None:
        self.serving = Serving(Catalog({}))
        given: dict[str, Any] = {"poll_seconds": QUICK, "retries": AT_ONCE, **options}
        loader = Loader(engines.load, self.serving.meter)
        self.manager = Manager(self.serving, loader, Options(**given))

    def served(self, name: str = "m") -> list[int]:
        """Return the versions that answer."""
        model = self.serving.catalog.models.get(name)
        return [version.number for version in model.available] if model else []

    def states(self, name: str = "m") -> dict[int, State]:
        """Return what GetModelStatus says."""
        return {status.number: status.state for status in self.serving.catalog.models[name].statuses}

    async def until(self, *numbers: int, name: str = "m") -> None:
        """Wait until exactly these versions answer."""
        await wait_for(lambda: self.served(name) == list(numbers), f"{name} serves {numbers}")

    async def until_state(self, number: int, state: State) -> None:
        """Wait until a version of ``m`` is in a state."""
        await wait_for(lambda: self.states().get(number) is state, f"version {number} is {state.name}")


@asynccontextmanager
async def managed(wanted: Config, **options: Any) -> AsyncIterator[Managed]:
    it = Managed(**options)
    try:
        await asyncio.wait_for(it.manager.start(wanted), 30)
        yield it
    finally:
        it.manager.drain()


async def test_a_new_version_takes_over_and_the_old_one_unloads(tmp_path: Path, tflite: Path) -> None:
    put(tmp_path, 1, tflite)
    async with managed(config(tmp_path)) as it:
        assert it.served() == [1]
        put(tmp_path, 2, tflite)
        await it.until(2)
        await it.until_state(1, State.END)
        assert it.states() == {1: State.END, 2: State.AVAILABLE}


async def test_there_is_never_a_moment_without_a_version(tmp_path: Path, tflite: Path) -> None:
    put(tmp_path, 1, tflite)
    async with managed(config(tmp_path)) as it:
        seen: list[list[int]] = []
        it.serving.on_change(lambda: seen.append(it.served()))
        for number in (2, 3, 4):
            put(tmp_path, number, tflite)
            await it.until(number)
        assert all(seen)


async def test_a_request_in_flight_keeps_its_version_from_ending(tmp_path: Path, tflite: Path) -> None:
    put(tmp_path, 1, tflite)
    async with managed(config(tmp_path)) as it:
        held: list[ModelVersion] = [find(it.serving.catalog, ModelSpec("m"))]
        put(tmp_path, 2, tflite)
        await it.until(2)
        await asyncio.sleep(10 * QUICK)
        assert it.states()[1] is State.UNLOADING
        held.clear()
        await it.until_state(1, State.END)


async def test_a_version_in_a_cycle_of_references_ends_too(tmp_path: Path, tflite: Path) -> None:
    put(tmp_path, 1, tflite)
    async with managed(config(tmp_path)) as it:
        cycle: list[object] = [find(it.serving.catalog, ModelSpec("m"))]
        cycle.append(cycle)
        del cycle
        put(tmp_path, 2, tflite)
        await it.until_state(1, State.END)


async def test_a_bad_new_version_leaves_the_old_one_serving_and_says_so(tmp_path: Path, tflite: Path) -> None:
    put(tmp_path, 1, tflite)
    async with managed(config(tmp_path)) as it:
        put(tmp_path, 2, b"no model")
        await it.until_state(2, State.END)
        (status,) = (s for s in it.serving.catalog.models["m"].statuses if s.number == 2)
        assert status.code is Code.UNKNOWN
        assert status.message
        assert str(tmp_path) not in status.message
        assert it.served() == [1]
        put(tmp_path, 3, tflite)
        await it.until(3)


async def test_loading_is_tried_again(tmp_path: Path, tflite: Path) -> None:
    put(tmp_path, 1, tflite)
    async with managed(config(tmp_path), retries=Retries(1000, QUICK)) as it:
        folder = put(tmp_path, 2, b"half of a mod")
        await it.until_state(2, State.LOADING)
        await wait_for(lambda: it.serving.catalog.models["m"].statuses[1].message, "the failure is told")
        assert it.served() == [1]
        shutil.copy(tflite, folder / "model.tflite")
        await it.until(2)
        assert not it.serving.catalog.models["m"].statuses[1].message


async def test_a_base_path_that_vanishes_keeps_what_is_loaded(tmp_path: Path, tflite: Path) -> None:
    base = tmp_path / "base"
    put(base, 1, tflite)
    async with managed(config(base)) as it:
        base.rename(tmp_path / "away")
        await asyncio.sleep(10 * QUICK)
        assert it.served() == [1]
        (tmp_path / "away").rename(base)
        put(base, 2, tflite)
        await it.until(2)


async def test_a_base_path_that_is_emptied_unloads_its_versions(tmp_path: Path, tflite: Path) -> None:
    put(tmp_path, 1, tflite)
    async with managed(config(tmp_path)) as it:
        assert health.is_ready(it.serving)
        shutil.rmtree(tmp_path / "1")
        await it.until()
        await it.until_state(1, State.END)
        assert not health.is_ready(it.serving)
        assert health.check(it.serving, HealthCheckRequest()).status == 2
        put(tmp_path, 1, tflite)
        await it.until(1)
        assert health.check(it.serving, HealthCheckRequest()).status == 1


@pytest.mark.parametrize(
    ("policy", "expected"),
    [(Latest(), [3]), (Latest(2), [2, 3]), (All(), [1, 2, 3]), (Specific(frozenset({1, 3})), [1, 3])],
)
async def test_a_policy_says_which_versions_serve(
    tmp_path: Path, tflite: Path, policy: Policy, expected: list[int]
) -> None:
    for number in (1, 2, 3):
        put(tmp_path, number, tflite)
    async with managed(config(tmp_path, policy)) as it:
        assert it.served() == expected


async def test_the_first_load_waits_for_a_version(tmp_path: Path, tflite: Path) -> None:
    it = Managed()
    starting = asyncio.create_task(it.manager.start(config(tmp_path / "later")))
    await asyncio.sleep(5 * QUICK)
    assert not starting.done()
    put(tmp_path / "later", 1, tflite)
    await asyncio.wait_for(starting, 10)
    assert it.served() == [1]
    it.manager.drain()


async def test_a_first_load_that_fails_for_good_is_an_error(tmp_path: Path, tflite: Path) -> None:
    put(tmp_path / "good", 1, tflite)
    put(tmp_path / "bad", 5, b"no model")
    wanted = {name: ModelConfig(tmp_path / name) for name in ("good", "bad")}
    it = Managed()
    with pytest.raises(LoadError) as failed:
        await asyncio.wait_for(it.manager.start(wanted), 10)
    it.manager.drain()
    assert str(failed.value).startswith(
        "1 model(s) did not become available: {{name: bad version: 5 due to error: "
    )


async def test_of_several_first_versions_one_must_be_good(tmp_path: Path, tflite: Path) -> None:
    put(tmp_path, 1, tflite)
    put(tmp_path, 2, b"no model")
    async with managed(config(tmp_path, All())) as it:
        assert it.served() == [1]
        assert it.states()[2] is State.END


async def test_looking_once_means_once_for_each_configuration(tmp_path: Path, tflite: Path) -> None:
    put(tmp_path, 1, tflite)
    async with managed(config(tmp_path), poll_seconds=0) as it:
        put(tmp_path, 2, tflite)
        await asyncio.sleep(10 * QUICK)
        assert it.served() == [1]
        await it.manager.reconfigure(config(tmp_path))
        await it.until(2)


async def test_a_new_configuration_replaces_the_set_of_models(tmp_path: Path, tflite: Path) -> None:
    for name in ("m", "n"):
        put(tmp_path / name, 1, tflite)
    async with managed(config(tmp_path / "m")) as it:
        await it.manager.reconfigure({"n": ModelConfig(tmp_path / "n")})
        assert it.served("n") == [1]
        await it.until()
        await it.until_state(1, State.END)
        assert health.is_ready(it.serving), "a model that is no longer wanted does not count"
        await it.manager.reconfigure({})
        await it.until(name="n")


async def test_a_new_model_that_cannot_be_loaded_is_an_error_and_the_others_go_on(
    tmp_path: Path, tflite: Path
) -> None:
    put(tmp_path / "m", 1, tflite)
    put(tmp_path / "n", 1, b"no model")
    async with managed(config(tmp_path / "m")) as it:
        with pytest.raises(ServingError) as failed:
            await it.manager.reconfigure({**config(tmp_path / "m"), "n": ModelConfig(tmp_path / "n")})
        assert failed.value.code is Code.UNKNOWN
        assert "{name: n version: 1 due to error: " in failed.value.message
        assert it.served() == [1]


async def test_labels_move_only_to_versions_that_answer(tmp_path: Path, tflite: Path) -> None:
    put(tmp_path, 1, tflite)
    async with managed(config(tmp_path, All())) as it:
        await it.manager.reconfigure(config(tmp_path, All(), stable=1))
        assert find(it.serving.catalog, ModelSpec("m", label="stable")).number == 1
        with pytest.raises(ServingError, match="FAILED_PRECONDITION"):
            await it.manager.reconfigure(config(tmp_path, All(), stable=2))
        put(tmp_path, 2, tflite)
        await it.until(1, 2)
        assert find(it.serving.catalog, ModelSpec("m", label="stable")).number == 1
        await it.manager.reconfigure(config(tmp_path, All(), stable=2))
        assert find(it.serving.catalog, ModelSpec("m", label="stable")).number == 2


async def test_first_labels_need_the_flag(tmp_path: Path, tflite: Path) -> None:
    put(tmp_path, 1, tflite)
    it = Managed()
    with pytest.raises(ServingError, match="FAILED_PRECONDITION"):
        await it.manager.start(config(tmp_path, stable=1))
    async with managed(config(tmp_path, stable=1), labels_may_wait=True) as other:
        assert find(other.serving.catalog, ModelSpec("m", label="stable")).number == 1


async def test_several_models_load_at_a_time_when_told_to(tmp_path: Path, tflite: Path) -> None:
    names = ["a", "b", "c"]
    for name in names:
        put(tmp_path / name, 1, tflite)
    barrier = asyncio.Event()
    loop = asyncio.get_running_loop()
    running: set[str] = set()

    def load(name: str, number: int, folder: Path) -> ModelVersion:
        running.add(name)
        asyncio.run_coroutine_threadsafe(barrier.wait(), loop).result(20)
        return Loader(engines.load, it.serving.meter)(name, number, folder)

    it = Managed()
    it.manager = Manager(it.serving, load, Options(poll_seconds=QUICK, load_threads=2))
    starting = asyncio.create_task(it.manager.start({n: ModelConfig(tmp_path / n) for n in names}))
    await wait_for(lambda: len(running) == 2, "two load")
    await asyncio.sleep(5 * QUICK)
    assert len(running) == 2
    barrier.set()
    await asyncio.wait_for(starting, 20)
    assert [it.served(name) for name in names] == [[1], [1], [1]]
    it.manager.drain()


async def test_a_configuration_that_still_waits_gives_way_to_a_later_one(
    tmp_path: Path, tflite: Path
) -> None:
    put(tmp_path / "m", 1, tflite)
    async with managed(config(tmp_path / "m")) as it:
        wrong = {**config(tmp_path / "m"), "n": ModelConfig(tmp_path / "mistyped")}
        waiting = asyncio.create_task(it.manager.reconfigure(wrong))
        await asyncio.sleep(5 * QUICK)
        assert not waiting.done()
        await asyncio.wait_for(it.manager.reconfigure(config(tmp_path / "m")), 10)
        with pytest.raises(ServingError, match="ABORTED: Another configuration has replaced this one"):
            await asyncio.wait_for(waiting, 10)


async def test_draining_ends_a_configuration_that_still_waits(tmp_path: Path, tflite: Path) -> None:
    put(tmp_path / "m", 1, tflite)
    async with managed(config(tmp_path / "m")) as it:
        waiting = asyncio.create_task(
            it.manager.reconfigure({**config(tmp_path / "m"), "n": ModelConfig(tmp_path / "never")})
        )
        await asyncio.sleep(5 * QUICK)
        assert not waiting.done()
        it.manager.drain()
        with pytest.raises(ServingError, match="UNAVAILABLE"):
            await asyncio.wait_for(waiting, 10)


async def test_draining_says_that_all_versions_unload_and_keeps_them(tmp_path: Path, tflite: Path) -> None:
    put(tmp_path, 1, tflite)
    async with managed(config(tmp_path)) as it:
        told: list[bool] = []
        it.serving.on_change(lambda: told.append(it.serving.draining))
        it.manager.drain()
        assert it.states() == {1: State.UNLOADING}
        assert it.served() == [1], "what has begun still needs it"
        assert not health.is_ready(it.serving)
        assert told == [True]


async def test_what_a_new_configuration_loads_answers_at_once_however_often_folders_are_looked_at(
    tmp_path: Path, tflite: Path
) -> None:
    names = [str(number) for number in range(40)]
    for name in names:
        put(tmp_path / name, 1, tflite)
    async with managed({}, poll_seconds=1e-5) as it:
        for name in names:
            await it.manager.reconfigure({name: ModelConfig(tmp_path / name)})
            assert it.served(name) == [1]
