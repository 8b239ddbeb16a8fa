"""What a pass over a training wants to write, whatever was there before."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.support.builders import make_model, make_variant
from tests.support.live import NOW, stored
from tests.support.training_passes import (
    BY_TRAIN_JOB,
    a_job,
    begun,
    complete,
    created,
    ended,
    failed,
    passed,
    prepared,
    published,
    trained,
    verdict,
    written,
)
from tests.support.training_world import answer, finished
from tests.support.trainings import make_training

from fogline.api import (
    Condition,
    ConditionStatus,
    TrainingEngine,
    TrainingProgress,
)
from fogline.conditions import Reason, TrainingConditionType
from fogline.objects import Step, key_of
from fogline.training import Seen, SeenPod, read_progress

Type = TrainingConditionType


def test_nothing_is_made_of_a_run_before_its_status_is_seen() -> None:
    training = make_training()
    first = passed(training)
    assert (first.create, first.status.run and first.status.run.number) == ((), 1)
    assert created(passed(written(training, first))) == ["Job digits-prepare-1"]


def test_every_condition_is_judged_at_every_pass() -> None:
    for training in (make_training(), begun(), prepared(), trained(), published()):
        assert set(passed(training).verdicts) == set(Type)


def test_a_pass_that_sees_its_own_job_makes_it_no_second_time() -> None:
    assert created(passed(begun(), Seen((a_job(Step.PREPARE),)))) == []


def test_the_steps_follow_each_other() -> None:
    assert created(passed(prepared())) == ["Service digits-workers", "Job digits-train-1"]
    assert created(passed(trained())) == ["Job digits-finish-1"]
    assert created(passed(published())) == []


def test_the_last_progress_is_what_the_first_worker_says_at_its_end() -> None:
    said = {"epochs": 40, "loss": 0.0386, "metric": 0.9777, "samplesPerSecond": 5710.0, "steps": 840}
    job = a_job(Step.TRAIN, is_complete=True, ended_at=NOW)
    asked = read_progress(b'{"epoch": 37, "epochs": 40}')
    assert asked is not None
    seen = Seen((job,), (ended(job, answer(said)),), progress={0: asked})
    told = written(prepared(), passed(prepared(), seen)).status
    assert told is not None
    assert told.progress == TrainingProgress(
        epoch=40, epochs=40, loss="0.0386", metric="0.9777", samples_per_second="5710"
    )


def test_the_number_of_a_run_whose_status_was_lost_is_found_on_its_jobs() -> None:
    intent = passed(make_training(), Seen((a_job(Step.PREPARE, 4),)))
    assert intent.status.run
    assert (intent.status.run.number, intent.create) == (4, ())


def test_a_run_is_numbered_above_the_jobs_of_another_key() -> None:
    other = replace(a_job(Step.PREPARE, 4), key="another")
    intent = passed(make_training(), Seen((other,)))
    assert intent.status.run
    assert intent.status.run.number == 5


def test_a_change_of_the_spec_ends_what_runs_and_waits_until_its_pods_are_gone() -> None:
    changed = msgspec.structs.replace(make_training(fit={"epochs": 3}), status=begun().status)
    again = written(changed, passed(changed, Seen((a_job(Step.PREPARE),))))
    old, pod = a_job(Step.PREPARE), SeenPod("p", "uid-prepare-1")
    first = passed(again, Seen((old,), (pod,)))
    assert (first.remove, created(first)) == ((old,), [])
    assert created(passed(again, Seen((), (pod,)))) == []
    assert created(passed(again, Seen((), (replace(pod, is_over=True),)))) == ["Job digits-prepare-2"]


def test_a_step_whose_pod_is_gone_before_it_was_read_is_done_again() -> None:
    job = a_job(Step.FINISH, is_complete=True, ended_at=NOW)
    assert passed(trained(), Seen((job,))).remove == ()
    assert passed(trained(), Seen((job,)), timedelta(minutes=1)).remove == (job,)


@pytest.mark.parametrize(
    ("step", "before", "reason", "kind"),
    [
        (Step.PREPARE, begun, "DataCorrupt", Type.DATA_READY),
        (Step.PREPARE, begun, "SensitivityLowered", Type.DATA_READY),
        (Step.TRAIN, prepared, "LossNotFinite", Type.TRAINED),
        (Step.FINISH, trained, "GateRefused", Type.EVALUATED),
        (Step.FINISH, trained, "ParityRefused", Type.EXPORTED),
        (Step.FINISH, trained, "VersionTaken", Type.PUBLISHED),
    ],
)
def test_a_failed_step_is_told_where_its_reason_belongs(
    step: Step, before: Any, reason: str, kind: Type
) -> None:
    intent = passed(before(), failed(step, answer(reason=reason, message="because")))
    assert verdict(intent, kind) == verdict(intent, Type.COMPLETE) == ("False", reason)
    assert intent.verdicts[kind].message == "because"
    assert intent.status.run
    assert intent.status.run.finished_at == NOW
    assert [one.reason for one in intent.news] == [Reason.RUN_FAILED]
    assert [one.reason for one in intent.status.history] == [reason]


def test_of_several_workers_the_one_counts_that_says_what_is_wrong() -> None:
    said, lost = (
        answer(reason="ShardCorrupt", message="shard 1"),
        answer(reason="Failed", message="peer lost"),
    )
    intent = passed(prepared(), failed(Step.TRAIN, said, lost))
    assert verdict(intent, Type.TRAINED) == ("False", "ShardCorrupt")


def test_a_pod_without_an_answer_is_told_by_the_end_of_its_log_or_by_its_memory() -> None:
    intent = passed(prepared(), failed(Step.TRAIN, "Traceback\n  ...\nKeyError: 'x'"))
    assert verdict(intent, Type.TRAINED) == ("False", "StepFailed")
    assert "KeyError" in intent.verdicts[Type.TRAINED].message
    out = passed(prepared(), failed(Step.TRAIN, "", is_out_of_memory=True))
    assert verdict(out, Type.TRAINED) == ("False", "PodOutOfMemory")


@pytest.mark.parametrize(
    "result",
    [
        finished(folder="s3://models/other"),
        finished(folder="s3://models/digits/../other"),
        {**finished(), "forms": [{"form": "SavedModel", "uri": "s3://models/digits/1", "sha256": "short"}]},
        {},
    ],
    ids=["another-folder", "climbs-out", "no-digest", "empty"],
)
def test_a_result_that_names_other_places_or_makes_no_sense_publishes_nothing(result: dict[str, Any]) -> None:
    intent = passed(trained(), complete(Step.FINISH, answer(result)))
    assert verdict(intent, Type.COMPLETE) == ("False", "StepFailed")
    assert (intent.status.published, intent.publish) == (None, None)


def a_model(**spec: Any) -> Any:
    variants = [make_variant("cloud", "Cloud", artifact=None), make_variant("edge", "Edge", artifact=None)]
    return stored(make_model(**{"variants": variants, "placement": {"dataSensitivity": "Internal"}, **spec}))


def test_the_version_goes_to_the_variants_with_the_uid_of_the_model() -> None:
    intent = passed(published(), Seen(model=a_model()))
    assert intent.publish
    assert intent.publish["metadata"]["uid"] == "uid-of-model"
    assert [one["name"] for one in intent.publish["spec"]["variants"]] == ["cloud", "edge"]


def a_model_that_has_it() -> Any:
    forms = finished()["forms"]
    artifacts = [{"uri": one["uri"], "sha256": one["sha256"], "secretName": "models-reader"} for one in forms]
    variants = [
        make_variant("cloud", "Cloud", artifact=artifacts[0]),
        make_variant("edge", "Edge", artifact=artifacts[1]),
    ]
    return a_model(variants=variants)


def test_what_the_variants_have_already_is_not_written_again() -> None:
    assert passed(published(), Seen(model=a_model_that_has_it())).publish is None


def test_a_training_is_complete_only_once_the_variants_are_seen_to_have_the_version() -> None:
    last_step = replace(complete(Step.FINISH, answer(finished())), model=a_model())
    for intent in (passed(trained(), last_step), passed(published(), Seen(model=a_model()))):
        assert verdict(intent, Type.PUBLISHED) == ("False", "Finishing")
        assert verdict(intent, Type.COMPLETE) == ("False", "RunUnderway")
    intent = passed(published(), Seen(model=a_model_that_has_it()))
    assert verdict(intent, Type.PUBLISHED) == ("True", "Published")
    assert verdict(intent, Type.COMPLETE) == ("True", "RunPublished")


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (None, "ModelDeploymentMissing"),
        (a_model(placement={}), "SensitivityLowered"),
        (a_model(variants=[make_variant("cloud", "Cloud", artifact=None)]), "VariantMismatch"),
        (
            a_model(
                variants=[
                    make_variant("cloud", "Cloud", artifact=None, runtime="LiteRT"),
                    make_variant("edge", "Edge", artifact=None),
                ]
            ),
            "VariantMismatch",
        ),
    ],
)
def test_a_modeldeployment_that_must_not_or_cannot_take_the_version_is_left_alone(
    model: Any, reason: str
) -> None:
    intent = passed(published(), Seen(model=model))
    assert intent.publish is None
    assert verdict(intent, Type.PUBLISHED) == verdict(intent, Type.COMPLETE) == ("False", reason)


def test_the_last_version_stays_published_while_the_next_run_goes_on_or_fails() -> None:
    again = msgspec.structs.replace(make_training(fit={"epochs": 3}), status=published().status)
    running = written(again, passed(again, Seen(model=a_model())))
    assert passed(running, Seen(model=a_model())).publish
    job = replace(a_job(Step.PREPARE, 2, failure="x"), key=key_of(again))
    over = written(running, passed(running, Seen((job,))))
    late = passed(over, Seen(model=a_model()))
    assert late.publish
    assert verdict(late, Type.COMPLETE) == ("False", "StepFailed")


def test_jobs_of_a_run_that_is_over_go_when_their_time_is_up() -> None:
    training = published(ttlSecondsAfterFinished=60)
    job = a_job(Step.FINISH, is_complete=True, ended_at=NOW)
    early, late = passed(training, Seen((job,))), passed(training, Seen((job,)), timedelta(seconds=60))
    assert (early.remove, early.again_seconds) == ((), 60)
    assert late.remove == (job,)
    assert passed(published(ttlSecondsAfterFinished=None), Seen((job,)), timedelta(days=9)).remove == ()


def test_while_policies_are_missing_no_step_begins_and_what_runs_goes_on() -> None:
    training, gap = prepared(), "a policy is gone"
    held = passed(training, Seen(gap=gap))
    assert (created(held), verdict(held, Type.COMPLETE)) == ([], ("False", "PolicyMissing"))
    assert held.verdicts[Type.TRAINED].message == gap
    job = a_job(Step.TRAIN)
    running = passed(training, Seen((job,), gap=gap))
    assert (running.suspend, running.remove) == ((), ())
    assert verdict(running, Type.COMPLETE) == ("False", "RunUnderway")


def test_the_workers_of_a_trainjob_are_made_by_it_and_all_else_by_jobs() -> None:
    made = ["Service digits-workers", "TrainingRuntime digits-1", "TrainJob digits-1"]
    assert created(passed(begun(workers=BY_TRAIN_JOB))) == ["Job digits-prepare-1"]
    assert created(passed(prepared(workers=BY_TRAIN_JOB))) == made
    assert created(passed(trained(workers=BY_TRAIN_JOB))) == ["Job digits-finish-1"]


def test_another_engine_begins_another_run_and_takes_the_workers_of_the_old_one_away() -> None:
    changed = msgspec.structs.replace(make_training(workers=BY_TRAIN_JOB), status=prepared().status)
    again = written(changed, passed(changed, Seen((a_job(Step.TRAIN),))))
    old = a_job(Step.TRAIN, engine=TrainingEngine.TRAIN_JOB)
    assert passed(again, Seen((old,))).remove == (old,)
    assert created(passed(again)) == ["Job digits-prepare-2"]


def test_without_the_engine_no_step_begins_before_the_workers_are_done() -> None:
    gap = Seen(engine_gap="no TrainJobs here")
    for training, kind in (
        (begun(workers=BY_TRAIN_JOB), Type.DATA_READY),
        (prepared(workers=BY_TRAIN_JOB), Type.TRAINED),
    ):
        held = passed(training, gap)
        assert (created(held), verdict(held, Type.COMPLETE)) == ([], ("False", "EngineMissing"))
        assert verdict(held, kind) == ("False", "EngineMissing")
        assert held.verdicts[kind].message == "no TrainJobs here"
        assert held.again_seconds, "nothing tells when the engine comes"
    assert created(passed(trained(workers=BY_TRAIN_JOB), gap)) == ["Job digits-finish-1"]
    assert created(passed(prepared(), gap)) == ["Service digits-workers", "Job digits-train-1"]


def test_what_runs_goes_on_without_the_engine_and_what_is_suspended_stays_so() -> None:
    running = a_job(Step.TRAIN, engine=TrainingEngine.TRAIN_JOB)
    training, gap = prepared(workers=BY_TRAIN_JOB), "no TrainJobs here"
    intent = passed(training, Seen((running,), engine_gap=gap))
    assert (intent.suspend, intent.remove, verdict(intent, Type.COMPLETE)[1]) == ((), (), "RunUnderway")
    held = passed(training, Seen((replace(running, is_suspended=True),), engine_gap=gap))
    assert (held.suspend, verdict(held, Type.COMPLETE)[1]) == ((), "EngineMissing")


def test_history_holds_as_many_runs_as_the_user_wants() -> None:
    training = published(historyLimit=1)
    changed = msgspec.structs.replace(
        make_training(historyLimit=1, fit={"epochs": 3}), status=training.status
    )
    running = written(changed, passed(changed))
    job = replace(a_job(Step.PREPARE, 2, failure="x"), key=key_of(changed))
    assert [one.run for one in passed(running, Seen((job,))).status.history] == [2]


def test_a_pass_over_what_is_done_changes_nothing() -> None:
    training = published()
    assert written(training, passed(training)) == written(
        training, passed(written(training, passed(training)))
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"epoch": -1}',
        b'{"epoch": 5, "epochs": 4}',
        b"[" * 100_000,
        b" " * 5000,
        b'{"epoch": "1"}',
    ],
)
def test_progress_without_sense_is_left_out(body: bytes) -> None:
    assert read_progress(body) is None


def test_figures_without_sense_are_left_out_and_the_others_are_told() -> None:
    said = {"epoch": 3, "epochs": 40, "samplesPerSecond": 1234.56, "loss": 1e300, "metric": 0.97}
    found = read_progress(json.dumps(said).encode())
    assert found
    assert (found.epoch, found.samples_per_second, found.loss, found.metric) == (3, "1234.6", None, "0.97")


def test_conditions_of_a_failed_run_stay_as_they_were_told() -> None:
    training = begun()
    over = written(training, passed(training, failed(Step.PREPARE, answer(reason="NotFinite", message="x"))))
    told = {one.type: one for one in (over.status.conditions if over.status else ())}
    later = passed(over)
    assert isinstance(told["DataReady"], Condition)
    assert told["DataReady"].status is ConditionStatus.FALSE
    assert verdict(later, Type.DATA_READY) == ("False", "NotFinite")
