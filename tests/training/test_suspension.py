"""Who suspends the Jobs of a run: the user of the training, somebody else, or a gap of the cluster."""

from dataclasses import replace

from tests.support.training_passes import BY_TRAIN_JOB, a_job, begun, created, passed, prepared, verdict

from fogline.api import TrainingEngine
from fogline.conditions import TrainingConditionType
from fogline.objects import Step
from fogline.training import Seen

Type = TrainingConditionType


def test_a_suspended_training_starts_nothing_and_suspends_what_runs() -> None:
    training = begun(suspend=True)
    assert created(passed(training)) == []
    job = a_job(Step.PREPARE)
    assert passed(training, Seen((job,))).suspend == ((job, True),)
    held = replace(job, is_suspended=True, is_suspended_by_us=True)
    assert (passed(training, Seen((held,))).suspend, passed(training, Seen((held,))).remove) == ((), ())
    assert passed(begun(), Seen((held,))).suspend == ((held, False),)


def test_what_somebody_else_suspends_stays_so_and_is_told_with_its_queue() -> None:
    job = a_job(Step.PREPARE, is_suspended=True, queue="team-a")
    held = passed(begun(), Seen((job,)))
    assert (held.suspend, held.remove, created(held)) == ((), (), [])
    assert verdict(held, Type.SUSPENDED) == ("True", "SuspendedByOther")
    assert verdict(held, Type.COMPLETE) == ("False", "SuspendedByOther")
    told = held.verdicts[Type.COMPLETE].message
    assert told == "Job digits-prepare-1 is suspended, and not by Fogline; it is in the queue team-a"
    lifted = passed(begun(), Seen((replace(job, is_suspended=False),)))
    assert verdict(lifted, Type.SUSPENDED) == ("False", "NotSuspended")
    assert verdict(lifted, Type.COMPLETE) == ("False", "RunUnderway")


def test_a_user_who_suspends_and_resumes_does_not_undo_what_somebody_else_suspends() -> None:
    job = a_job(Step.TRAIN, is_suspended=True, engine=TrainingEngine.TRAIN_JOB)
    by_user = passed(prepared(workers=BY_TRAIN_JOB, suspend=True), Seen((job,)))
    assert (by_user.suspend, verdict(by_user, Type.SUSPENDED)) == ((), ("True", "SuspendedByUser"))
    again = passed(prepared(workers=BY_TRAIN_JOB), Seen((job,)))
    assert (again.suspend, verdict(again, Type.SUSPENDED)) == ((), ("True", "SuspendedByOther"))
    assert (
        again.verdicts[Type.SUSPENDED].message == "TrainJob digits-train-1 is suspended, and not by Fogline"
    )


def test_a_job_that_somebody_else_lets_go_on_against_the_user_is_deleted_and_made_anew_later() -> None:
    job = a_job(Step.PREPARE, is_suspended_by_us=True)
    contested = passed(begun(suspend=True), Seen((job,)))
    assert (contested.suspend, contested.remove) == ((), (job,))
    going = replace(job, is_going=True)
    assert passed(begun(suspend=True), Seen((going,))).remove == ()
    assert created(passed(begun(suspend=True))) == []
    assert created(passed(begun())) == ["Job digits-prepare-1"]
    assert passed(begun(), Seen((job,))).suspend == ((job, False),), "the mark goes"


def test_a_job_that_is_over_is_neither_suspended_nor_told_to_be() -> None:
    job = a_job(Step.TRAIN, failure="x", is_suspended=True)
    over = passed(prepared(), Seen((job,)))
    assert (over.suspend, verdict(over, Type.SUSPENDED)) == ((), ("False", "NotSuspended"))


def test_while_policies_are_missing_a_suspended_job_does_not_resume() -> None:
    job = a_job(Step.PREPARE, is_suspended=True, is_suspended_by_us=True)
    held = passed(begun(), Seen((job,), gap="a policy is gone"))
    assert (held.suspend, verdict(held, Type.DATA_READY)) == ((), ("False", "PolicyMissing"))
    by_user = passed(begun(suspend=True), Seen((job,), gap="a policy is gone"))
    assert verdict(by_user, Type.COMPLETE) == ("False", "SuspendedByUser")
    assert passed(begun(), Seen((job,))).suspend == ((job, False),)
