"""One pass over a ModelTraining as a pure function: from what is seen to what should be written.

The status is written first, and nothing is made of a run before the status that names it is seen again. So an
operator that ends at any moment leaves what the next one goes on from.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from fogline.api import (
    ConditionStatus,
    ModelTraining,
    ModelTrainingStatus,
    PastRun,
    RunStatus,
    TrainingEngine,
)
from fogline.conditions import Reason, TrainingConditionType, Verdict
from fogline.config import Settings
from fogline.objects import Step, key_of, step_documents
from fogline.objects.metadata import Document
from fogline.training.answers import Answer, condition_of, read_answer, read_data, read_finished
from fogline.training.artifacts import Artifacts, artifacts
from fogline.training.seen import Seen, SeenJob
from fogline.training.suspension import by_somebody_else, change_of, is_contested
from fogline.training.verdicts import Failure, Refusal, failed, finished, no, underway, yes
from fogline.training.workers import progress_of, workers_of

LOST_SECONDS = 30.0
"""A step that is done and whose pod is not seen for so long is done again: nobody knows what came of it."""
LOOK_SECONDS = 2.0
"""How soon such a pod is looked for again."""
ENGINE_SECONDS = 5.0
"""How soon it is looked again whether an engine is there."""

Type = TrainingConditionType
Verdicts = dict[TrainingConditionType, Verdict]


@dataclass(frozen=True, slots=True)
class News:
    """An Event that goes with a status."""

    reason: Reason
    note: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Intent:
    """All that one pass wants to write, in the order in which it is written."""

    training: ModelTraining
    status: ModelTrainingStatus
    """But for the conditions."""
    verdicts: Verdicts
    news: tuple[News, ...] = ()
    remove: tuple[SeenJob, ...] = ()
    create: tuple[Document, ...] = ()
    suspend: tuple[tuple[SeenJob, bool], ...] = ()
    """Jobs that are to be suspended, or to go on."""
    publish: Document | None = None
    """What is applied to the ModelDeployment."""
    again_seconds: float | None = None
    """When to look again although nothing may have happened."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What becomes of the step that is being done."""

    status: ModelTrainingStatus
    verdicts: Verdicts
    failure: Failure | None = None
    version: int | None = None
    """The version that it has published."""
    redo: SeenJob | None = None
    """A Job that is deleted to be done again."""
    again_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Pass:
    """What a pass over a run looks at."""

    training: ModelTraining
    before: ModelTrainingStatus
    run: RunStatus
    seen: Seen
    refusal: Refusal | None
    now: datetime


def intend(
    training: ModelTraining, seen: Seen, refusal: Refusal | None, settings: Settings, now: datetime
) -> Intent:
    """Decide what one pass should write.

    Parameters
    ----------
    refusal
        What the last pass could not write.
    now
        Wall clock, in UTC.
    """
    before = training.status or ModelTrainingStatus()
    key = key_of(training)
    if before.run is None or before.run.key != key:
        return _begin(training, seen, key, now)
    here = _Pass(training, before, before.run, seen, refusal, now)
    return _go_on(here, settings) if before.run.finished_at is None else _afterwards(here)


def _begin(training: ModelTraining, seen: Seen, key: str, now: datetime) -> Intent:
    """Give a new run its number, or that of its Jobs if its status was lost; nothing else yet."""
    before = training.status or ModelTrainingStatus()
    last = before.run.number if before.run else 0
    known = [one.run for one in seen.jobs if one.key == key and one.run > last]
    number = max(known, default=max([last, *(one.run for one in seen.jobs)]) + 1)
    moment = now.replace(microsecond=0)
    status = msgspec.structs.replace(
        before,
        observed_generation=training.metadata.generation,
        run=RunStatus(number=number, key=key, started_at=moment),
        data=None,
        progress=None,
        workers=(),
        evaluation=None,
    )
    verdicts = {
        **_always(training),
        **underway(Step.PREPARE),
        Type.COMPLETE: no(Reason.RUN_UNDERWAY),
    }
    return Intent(training, status, verdicts, (News(Reason.RUN_STARTED, f"run {number} begins"),))


def _go_on(here: _Pass, settings: Settings) -> Intent:
    """Do the next step of a run, or end the run."""
    training, before, run, seen = here.training, here.before, here.run, here.seen
    step = _step(before)
    own = next((one for one in seen.jobs if (one.run, one.step) == (run.number, step)), None)
    older = tuple(one for one in seen.jobs if one.run != run.number and not one.is_going)
    outcome = _outcome(here, step, own)
    status = msgspec.structs.replace(
        outcome.status,
        observed_generation=training.metadata.generation,
        progress=progress_of(own, outcome.status, seen) if step is Step.TRAIN else outcome.status.progress,
        workers=workers_of(own, seen) if step is Step.TRAIN else outcome.status.workers,
    )
    news: tuple[News, ...] = ()
    held, by_user = _gap(here, own), training.spec.suspend
    by_other = None if by_user else by_somebody_else(own)
    complete = held or by_other or no(Reason.SUSPENDED_BY_USER if by_user else Reason.RUN_UNDERWAY)
    publish: Artifacts | None = None
    if outcome.failure:
        status = _ended(training, status, run, outcome.failure.reason, here.now)
        complete = no(outcome.failure.reason, outcome.failure.message)
        text = f"run {run.number} ended: {outcome.failure.reason}: {outcome.failure.message}"
        news = (News(Reason.RUN_FAILED, text, is_warning=True),)
    elif outcome.version is not None:
        status = _ended(training, status, run, Reason.RUN_PUBLISHED, here.now)
        publish = artifacts(training, status.forms, outcome.version, seen)
        complete = _complete(publish.verdict)
        text = f"run {run.number} has published version {outcome.version}"
        news = (News(Reason.RUN_COMPLETED, text),)
    verdicts = {
        **_always(training, here.refusal, by_other),
        **(finished(publish.verdict) if publish else outcome.verdicts),
        Type.COMPLETE: complete,
    }
    waits = bool(older) or own is not None or _is_occupied(seen, run) or by_user or held is not None
    is_due = not waits and outcome.failure is None
    made = step_documents(training, step, run.number, settings) if is_due else []
    suspended = change_of(own, by_user=by_user, may_go_on=held is None) if own else None
    redone = outcome.redo or (own if own and is_contested(own, by_user=by_user) else None)
    return Intent(
        training,
        status,
        verdicts,
        news,
        remove=(*older, *((redone,) if redone and not redone.is_going else ())),
        create=tuple(made),
        suspend=((own, suspended),) if own and suspended is not None else (),
        publish=_of_before(training, status, seen).document if status.published else None,
        again_seconds=ENGINE_SECONDS if _lacks_engine(here) else outcome.again_seconds,
    )


def _afterwards(here: _Pass) -> Intent:
    """Keep what a run has left as it should be: the artifacts of its version, and its Jobs for a while."""
    training, before, seen, refusal = here.training, here.before, here.seen, here.refusal
    told = {one.type: one for one in before.conditions}
    reasons = {reason.value: reason for reason in Reason}
    verdicts: Verdicts = {
        kind: Verdict(told[kind].status, reasons[told[kind].reason], told[kind].message)
        for kind in Type
        if kind in told and told[kind].reason in reasons
    }
    publish: Document | None = None
    if before.published:
        found = _of_before(training, before, seen)
        publish = found.document
        if _is_true(before, Type.EXPORTED):
            refused = _about(refusal, Type.PUBLISHED)
            said = no(refused.reason, refused.message) if refused else found.verdict
            verdicts |= {Type.PUBLISHED: said, Type.COMPLETE: _complete(said)}
    verdicts |= _always(training, refusal)
    old = tuple(one for one in seen.jobs if one.run != here.run.number and not one.is_going)
    due, again = _due(here)
    status = msgspec.structs.replace(
        before,
        observed_generation=training.metadata.generation,
        history=before.history[: training.spec.history_limit],
    )
    return Intent(training, status, verdicts, remove=(*old, *due), publish=publish, again_seconds=again)


def _due(here: _Pass) -> tuple[tuple[SeenJob, ...], float | None]:
    """Give the Jobs of a run that is over whose time is up, else when it is up."""
    left = tuple(one for one in here.seen.jobs if one.run == here.run.number and not one.is_going)
    seconds = here.training.spec.ttl_seconds_after_finished
    if not left or seconds is None or here.run.finished_at is None:
        return (), None
    wait = (here.run.finished_at + timedelta(seconds=seconds) - here.now).total_seconds()
    return (left, None) if wait <= 0 else ((), wait)


def _step(status: ModelTrainingStatus) -> Step:
    """Tell which step is to be done, by what the status has of the steps before it."""
    if status.data is None:
        return Step.PREPARE
    return Step.FINISH if _is_true(status, Type.TRAINED) else Step.TRAIN


def _outcome(here: _Pass, step: Step, own: SeenJob | None) -> _Outcome:
    """See what has become of a step."""
    before, seen = here.before, here.seen
    if own is None:
        return _Outcome(before, underway(step, _gap(here, None)))
    if own.failure is not None:
        answer = _last_answer(own, seen) or Answer(
            is_done=False, reason=Reason.STEP_FAILED, message=own.failure
        )
        failure = Failure(condition_of(step, answer.reason), answer.reason, answer.message or own.failure)
        return _Outcome(before, failed(failure), failure)
    if own.is_complete:
        return _completed(here, step, own)
    return _Outcome(before, underway(step, _obstacle(here, own)))


def _completed(here: _Pass, step: Step, own: SeenJob) -> _Outcome:
    """Take in what a step that ended well has left."""
    before, seen = here.before, here.seen
    done = [pod for pod in seen.pods_of(own) if pod.is_done]
    is_lost = own.ended_at is not None and (here.now - own.ended_at).total_seconds() > LOST_SECONDS
    if step is Step.TRAIN and (done or is_lost):
        return _Outcome(before, underway(Step.FINISH))  # what comes of it is in the workspace
    if not done:
        return _Outcome(before, underway(step), redo=own if is_lost else None, again_seconds=LOOK_SECONDS)
    answer = read_answer(done[-1].message)
    if step is Step.PREPARE:
        data = read_data(answer)
        if data is not None and answer.is_done:
            return _Outcome(msgspec.structs.replace(before, data=data), underway(Step.TRAIN))
    elif answer.is_done and (found := read_finished(answer, here.training)):
        status = msgspec.structs.replace(
            before, evaluation=found.evaluation, forms=found.forms, published=found.published
        )
        return _Outcome(status, underway(step), version=found.published.version)
    failure = Failure(
        condition_of(step, Reason.STEP_FAILED),
        Reason.STEP_FAILED,
        f"step {step} has left an answer that cannot be used; is the image a trainer of Fogline?",
    )
    return _Outcome(before, failed(failure), failure)


def _last_answer(own: SeenJob, seen: Seen) -> Answer | None:
    over = [pod for pod in seen.pods_of(own) if pod.is_over and not pod.is_done]
    answers = [read_answer(pod.message, is_out_of_memory=pod.is_out_of_memory) for pod in over]
    # one worker says what is wrong, and the others that they lost it
    said = [answer for answer in answers if answer.reason is not Reason.STEP_FAILED]
    return next(iter(reversed(said or answers)), None)


def _obstacle(here: _Pass, own: SeenJob) -> Verdict | None:
    """Say what holds the Job of a step up."""
    if gap := _gap(here, own):
        return gap
    refused = next((pod.unscheduled for pod in here.seen.pods_of(own) if pod.unscheduled), "")
    return no(Reason.PODS_NOT_SCHEDULED, refused) if refused else None


def _gap(here: _Pass, own: SeenJob | None) -> Verdict | None:
    """Say why a Job may not begin or resume; None when it may, runs already, or is not wanted to."""
    runs = own is not None and not own.is_suspended
    if runs or here.training.spec.suspend:
        return None
    if here.seen.gap is not None:
        return no(Reason.POLICY_MISSING, here.seen.gap)
    return no(Reason.ENGINE_MISSING, here.seen.engine_gap or "") if _lacks_engine(here) else None


def _lacks_engine(here: _Pass) -> bool:
    """Tell whether there is nothing to make the workers with. Then no data is prepared for them either."""
    by_train_job = here.training.spec.workers.engine is TrainingEngine.TRAIN_JOB
    return by_train_job and here.seen.engine_gap is not None and _step(here.before) is not Step.FINISH


def _is_occupied(seen: Seen, run: RunStatus) -> bool:
    """Tell whether pods of an older run are still there: two runs at once would be in each other's way."""
    own = {one.uid for one in seen.jobs if one.run == run.number}
    return any(not pod.is_over and pod.job not in own for pod in seen.pods)


def _ended(
    training: ModelTraining, status: ModelTrainingStatus, run: RunStatus, reason: Reason, now: datetime
) -> ModelTrainingStatus:
    moment = now.replace(microsecond=0)
    is_published = reason is Reason.RUN_PUBLISHED
    seconds = int((moment - run.started_at).total_seconds()) if run.started_at else None
    past = PastRun(
        run=run.number,
        version=status.published.version if is_published and status.published else None,
        value=status.evaluation.value if status.evaluation else None,
        reason=reason.value,
        started_at=run.started_at,
        seconds=None if seconds is None else max(0, seconds),
    )
    return msgspec.structs.replace(
        status,
        run=msgspec.structs.replace(run, finished_at=moment),
        history=(past, *status.history)[: training.spec.history_limit],
    )


def _of_before(training: ModelTraining, status: ModelTrainingStatus, seen: Seen) -> Artifacts:
    """Give what the ModelDeployment is to have of the version that was published last."""
    version = status.published.version if status.published else 0
    return artifacts(training, status.forms, version, seen)


def _complete(published: Verdict) -> Verdict:
    if published.status is ConditionStatus.TRUE:
        return yes(Reason.RUN_PUBLISHED, published.message)
    if published.reason is Reason.FINISHING:
        return no(Reason.RUN_UNDERWAY, published.message)
    return published


def _always(
    training: ModelTraining, refusal: Refusal | None = None, by_other: Verdict | None = None
) -> Verdicts:
    suspended = yes(Reason.SUSPENDED_BY_USER) if training.spec.suspend else no(Reason.NOT_SUSPENDED)
    if by_other:
        suspended = yes(by_other.reason, by_other.message)
    refused = _about(refusal, Type.ACCEPTED)
    accepted = no(refused.reason, refused.message) if refused else yes(Reason.VALID)
    return {Type.ACCEPTED: accepted, Type.SUSPENDED: suspended}


def _about(refusal: Refusal | None, kind: TrainingConditionType) -> Refusal | None:
    return refusal if refusal and refusal.condition is kind else None


def _is_true(status: ModelTrainingStatus, kind: TrainingConditionType) -> bool:
    return any(one.type == kind and one.status is ConditionStatus.TRUE for one in status.conditions)
