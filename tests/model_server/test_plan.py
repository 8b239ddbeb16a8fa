"""Decisions on versions, without anything that loads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fogline_model_server.catalog import State
from fogline_model_server.models import plan
from fogline_model_server.models.plan import Actions, Retries, Version

BASE = Path("/models/m")
START, LOADING, AVAILABLE, UNLOADING, END = State


def found(*numbers: int) -> dict[int, Path]:
    return {number: BASE / str(number) for number in numbers}


def version(state: State = START, **fields: Any) -> Version:
    return Version(BASE, **{"state": state, **fields})


GONE = version(END, wanted=False)
FAILED = version(END, failures=6, error="broken")
OLD = version(AVAILABLE, wanted=False)
SERVED = version(AVAILABLE)
BUSY = version(LOADING, busy=True)
WAITING = version(LOADING, failures=1, next_try=70, error="broken")


@pytest.mark.parametrize(
    ("model", "load", "unload"),
    [
        ({}, [], []),
        ({1: version()}, [1], []),
        ({1: version(), 3: version(), 2: version()}, [3, 2, 1], []),
        ({1: SERVED}, [], []),
        ({1: OLD, 2: version()}, [2], []),
        ({1: OLD, 2: BUSY}, [], []),
        ({1: OLD, 2: WAITING}, [], []),
        ({1: OLD, 2: FAILED}, [], []),
        ({1: OLD, 2: SERVED}, [], [1]),
        ({1: OLD, 2: SERVED, 3: version()}, [3], [1]),
        ({1: OLD, 2: OLD, 3: SERVED}, [], [1, 2]),
        ({1: OLD}, [], [1]),
        ({1: OLD, 2: GONE}, [], [1]),
        ({1: GONE, 2: version(UNLOADING, wanted=False)}, [], []),
        ({1: FAILED}, [], []),
    ],
)
def test_what_is_due(model: Mapping[int, Version], load: list[int], unload: list[int]) -> None:
    assert plan.due({"m": model}, now=50, load_slots=9) == Actions(
        tuple(("m", number) for number in load), tuple(("m", number) for number in unload)
    )


def test_loads_wait_for_a_free_slot_and_unloads_do_not() -> None:
    models = {"a": {1: BUSY}, "b": {1: version(), 2: version()}, "c": {1: OLD}}
    assert plan.due(models, 0, load_slots=1) == Actions((), (("c", 1),))
    assert plan.due(models, 0, load_slots=2).load == (("b", 2),)


def test_a_failed_load_is_tried_again_after_the_pause_and_not_before() -> None:
    retries = Retries(count=2, pause_seconds=60)
    now = plan.failed(BUSY, "broken", 10, retries, final=False)
    assert (now.state, now.busy, now.error) == (LOADING, False, "broken")
    models = {"m": {1: now}}
    assert plan.next_try(models, 10) == 70
    assert plan.due(models, 69, 1).load == ()
    assert plan.due(models, 70, 1).load == (("m", 1),)
    assert plan.next_try(models, 70) is None


def test_loading_is_given_up_after_so_many_retries() -> None:
    retries = Retries(count=2, pause_seconds=0)
    state = version()
    tries = 0
    while state.state is not END:
        state = plan.failed(plan.loading(state), "broken", 0, retries, final=False)
        tries += 1
    assert tries == 3
    assert state.error == "broken"


@pytest.mark.parametrize(("wanted", "final"), [(False, False), (True, True)])
def test_a_load_that_nobody_wants_or_nothing_can_help_is_not_tried_again(wanted: bool, final: bool) -> None:  # noqa: FBT001
    busy = version(LOADING, busy=True, wanted=wanted)
    assert plan.failed(busy, "broken", 0, Retries(9, 0), final=final).state is END


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (version(), version(END, wanted=False)),
        (WAITING, version(END, wanted=False, failures=1, next_try=70, error="broken")),
        (BUSY, version(LOADING, busy=True, wanted=False)),
        (SERVED, OLD),
        (FAILED, version(END, wanted=False, failures=6, error="broken")),
    ],
)
def test_a_version_that_vanished_is_no_longer_wanted(before: Version, after: Version) -> None:
    assert plan.aspire({1: before}, {}) == {1: after}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (GONE, Version(BASE / "1")),
        (version(END, wanted=False, failures=6, error="broken"), Version(BASE / "1")),
        (FAILED, FAILED),
        (SERVED, SERVED),
        (OLD, version(AVAILABLE)),
        (version(UNLOADING, wanted=False), version(UNLOADING)),
    ],
)
def test_a_version_that_is_there_is_wanted_and_one_that_failed_for_good_stays_so(
    before: Version, after: Version
) -> None:
    now = plan.aspire({1: before}, found(1))[1]
    assert (now.state, now.failures, now.error, now.wanted) == (
        after.state,
        after.failures,
        after.error,
        True,
    )


def test_a_version_that_comes_back_while_it_unloads_starts_over() -> None:
    assert plan.unloaded(version(UNLOADING)).state is START
    assert plan.unloaded(version(UNLOADING, wanted=False)) == GONE


def test_a_model_is_settled_when_one_answers_and_all_were_tried() -> None:
    assert not plan.is_settled({})
    assert not plan.is_settled({1: version(), 2: SERVED})
    assert plan.is_settled({1: WAITING, 2: SERVED})
    assert not plan.is_settled({1: WAITING})


def test_a_model_is_hopeless_when_all_that_is_wanted_has_failed_for_good() -> None:
    assert not plan.is_hopeless({})
    assert not plan.is_hopeless({1: FAILED, 2: WAITING})
    assert plan.is_hopeless({1: FAILED, 2: GONE})
    assert not plan.is_hopeless({1: GONE})


def test_only_the_last_of_many_ended_versions_are_remembered() -> None:
    many = dict.fromkeys(range(1, plan.KEPT_ENDED + 11), GONE)
    assert min(plan.aspire(many, {})) == 11


def test_only_the_last_of_many_removed_models_are_remembered() -> None:
    models = {f"m{number}": {1: GONE} for number in range(plan.KEPT_ENDED + 2)}
    models["busy"] = {1: BUSY}
    assert plan.names_to_forget(models, {"m0"}) == {"m1"}


class Story(RuleBasedStateMachine):
    """Folders come and go, loads go well or not, time passes; what must hold holds after each step."""

    RETRIES = Retries(count=2, pause_seconds=10)
    SLOTS = 2

    def __init__(self) -> None:
        super().__init__()
        self.model: plan.Model = {}
        self.now = 0.0
        self.attempts: dict[int, int] = {}

    def _change(self, number: int, after: Version) -> None:
        self.model = {**self.model, number: after}

    def _act(self) -> None:
        served = self._served()
        actions = plan.due({"m": self.model}, self.now, self.SLOTS)
        for _, number in actions.load:
            self.attempts[number] = self.attempts.get(number, 0) + 1
            self._change(number, plan.loading(self.model[number]))
        for _, number in actions.unload:
            self._change(number, plan.unloading(self.model[number]))
        if served and any(entry.wanted for entry in self.model.values()):
            assert self._served(), "nothing answers though something did, and something is wanted"

    def _served(self) -> set[int]:
        return {number for number, entry in self.model.items() if entry.state is AVAILABLE}

    def _numbers(self, state: State, *, busy: bool = False) -> list[int]:
        return sorted(n for n, entry in self.model.items() if entry.state is state and entry.busy is busy)

    @rule(numbers=st.sets(st.integers(1, 5)))
    def _look(self, numbers: set[int]) -> None:
        before = self.model
        self.model = plan.aspire(self.model, found(*numbers))
        for number in numbers:
            if number not in before or not before[number].wanted:
                self.attempts[number] = 0
        self._act()

    @precondition(lambda self: self._numbers(LOADING, busy=True))
    @rule(data=st.data(), good=st.booleans())
    def _load_ends(self, data: st.DataObject, *, good: bool) -> None:
        number = data.draw(st.sampled_from(self._numbers(LOADING, busy=True)))
        entry = self.model[number]
        after = plan.loaded(entry) if good else plan.failed(entry, "x", self.now, self.RETRIES, final=False)
        self._change(number, after)
        self._act()

    @precondition(lambda self: self._numbers(UNLOADING))
    @rule(data=st.data())
    def _last_request_ends(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self._numbers(UNLOADING)))
        self._change(number, plan.unloaded(self.model[number]))
        self.attempts[number] = 0
        self._act()

    @rule(seconds=st.integers(1, 12))
    def _time_passes(self, seconds: int) -> None:
        self.now += seconds
        self._act()

    @invariant()
    def _no_more_loads_than_slots(self) -> None:
        assert sum(entry.busy for entry in self.model.values()) <= self.SLOTS

    @invariant()
    def _nobody_is_tried_too_often(self) -> None:
        assert all(count <= self.RETRIES.count + 1 for count in self.attempts.values()), self.attempts

    @invariant()
    def _only_loading_is_busy(self) -> None:
        assert all(entry.state is LOADING for entry in self.model.values() if entry.busy)

    def teardown(self) -> None:
        """Let all that goes on end well: then exactly what is wanted and did not fail for good answers."""
        for _ in range(50):
            self.now += 60
            self._act()
            for number in self._numbers(LOADING, busy=True):
                self._change(number, plan.loaded(self.model[number]))
            for number in self._numbers(UNLOADING):
                self._change(number, plan.unloaded(self.model[number]))
        wanted = {number for number, entry in self.model.items() if entry.wanted}
        good = {number for number in wanted if self.model[number].state is not END}
        if good or not wanted:
            assert self._served() == good


Story.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestStory = Story.TestCase
