"""Which pods belong to a TrainJob: it is not their owner, nor that of their Job."""

from datetime import timedelta

import pytest
from tests.support.live import NOW

from fogline.cluster.objects import Job, ObjectMeta, OwnerReference
from fogline.runs.reading import jobs_of_train_jobs


def made(name: str, uid: str, seconds: float, *owners: OwnerReference) -> Job:
    return Job(
        ObjectMeta(
            name=name,
            uid=uid,
            creation_timestamp=NOW + timedelta(seconds=seconds),
            owner_references=owners,
        )
    )


def owned_by(kind: str, name: str) -> OwnerReference:
    return OwnerReference(kind, name, "uid-of-owner", controller=True)


TRAIN_JOB = made("digits-1", "uid-of-train-job", 0, owned_by("ModelTraining", "digits"))


@pytest.mark.parametrize(
    ("job", "is_its"),
    [
        (made("digits-1-train-0", "u", 1, owned_by("JobSet", "digits-1")), True),
        (made("digits-1-train-0", "u", 0, owned_by("JobSet", "digits-1")), True),
        (made("digits-1-train-0", "u", -1, owned_by("JobSet", "digits-1")), False),
        (made("digits-2-train-0", "u", 1, owned_by("JobSet", "digits-2")), False),
        (made("digits-prepare-1", "u", 1, owned_by("ModelTraining", "digits-1")), False),
        (made("digits-1-train-0", "u", 1), False),
    ],
    ids=["its", "its-at-once", "of-an-earlier-namesake", "of-another", "of-no-jobset", "of-nobody"],
)
def test_a_job_is_made_for_the_trainjob_of_the_name_of_its_jobset(job: Job, *, is_its: bool) -> None:
    assert jobs_of_train_jobs([job], [TRAIN_JOB]) == ({"u": "uid-of-train-job"} if is_its else {})
