"""What is known of the ModelDeployments, however late, often or out of order the news come."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import make_variant

from fogline.api import ModelDeployment
from fogline.errors import BadInputError
from fogline.names import ModelKey
from fogline.observe import Models

DIGITS = ModelKey("default", "digits")


def news(name: str = "digits", *, version: int = 1, replicas: Any = 1) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "default", "resourceVersion": str(version)},
        "spec": {"replicas": replicas, "variants": [make_variant("cloud", "Cloud")]},
    }


def replicas(models: Models, key: ModelKey = DIGITS) -> int | None:
    model = models.get(key)
    return model.spec.replicas if isinstance(model, ModelDeployment) else None


def test_newer_news_win_and_older_ones_are_ignored() -> None:
    models = Models()
    models.remember(news(version=9, replicas=2))
    models.remember(news(version=10, replicas=3))  # as text, "9" would be the greater one
    models.remember(news(version=8, replicas=1))
    assert replicas(models) == 3


def test_the_same_news_twice_change_nothing() -> None:
    models = Models()
    assert models.remember(news()) == models.remember(news()) == DIGITS
    assert (len(models), list(models)) == (1, [DIGITS])


def test_what_was_deleted_is_not_brought_back_by_older_news() -> None:
    models = Models()
    models.remember(news(version=5))
    models.forget(news(version=6))
    models.remember(news(version=5))
    assert (models.get(DIGITS), len(models), list(models)) == (None, 0, [])


def test_what_was_deleted_is_not_brought_back_by_a_list_from_before() -> None:
    models = Models()
    models.forget(news(version=6))
    models.replace([news(version=4)], "5")
    assert models.get(DIGITS) is None


def test_a_late_word_of_a_deletion_does_not_take_the_object_that_was_made_anew() -> None:
    models = Models()
    models.remember(news(version=8, replicas=2))
    models.forget(news(version=6))
    assert replicas(models) == 2


def test_an_object_that_is_made_anew_is_known_again() -> None:
    models = Models()
    models.forget(news(version=6))
    models.remember(news(version=7, replicas=2))
    assert replicas(models) == 2


def test_objects_in_namespaces_that_are_not_named_are_as_if_they_did_not_exist() -> None:
    models = Models(["models"])
    assert models.remember(news()) == DIGITS
    models.replace([news(version=2)], "3")
    models.forget(news(version=4))
    assert (models.get(DIGITS), len(models), list(models)) == (None, 0, [])
    assert models.lag({DIGITS: "5", ModelKey("models", "digits"): "5"}) == {ModelKey("models", "digits")}


def test_a_list_is_the_truth_but_for_what_is_newer() -> None:
    models = Models()
    models.remember(news("gone", version=3))
    models.remember(news("kept", version=3, replicas=1))
    models.remember(news("newer", version=11))
    models.remember(news("known-better", version=12, replicas=9))
    models.replace([news("kept", version=7, replicas=2), news("known-better", version=7)], "10")
    assert set(models) == {ModelKey("default", name) for name in ("kept", "newer", "known-better")}
    assert replicas(models, ModelKey("default", "kept")) == 2
    assert replicas(models, ModelKey("default", "known-better")) == 9


def test_an_object_that_cannot_be_read_is_kept_as_its_error_until_it_is_mended() -> None:
    models = Models()
    models.remember(news(version=1, replicas="many"))
    error = models.get(DIGITS)
    assert isinstance(error, BadInputError)
    assert error.field == "spec.replicas"
    assert list(models) == [DIGITS]
    models.remember(news(version=2, replicas=2))
    assert replicas(models) == 2


def test_namesakes_in_two_namespaces_are_two_models() -> None:
    models = Models()
    models.remember(news())
    theirs = news(replicas=5)
    theirs["metadata"]["namespace"] = "theirs"
    models.remember(theirs)
    assert (replicas(models), replicas(models, ModelKey("theirs", "digits"))) == (1, 5)


@given(st.permutations(range(1, 7)), st.sets(st.integers(1, 6)))
def test_the_order_of_the_news_never_changes_what_is_known(order: list[int], deletions: set[int]) -> None:
    models = Models()
    for version in order:
        tell = models.forget if version in deletions else models.remember
        tell(news(version=version, replicas=version))
    assert replicas(models) == (None if 6 in deletions else 6)


def stored_news(*, version: int, replicas: int = 1, generation: int = 1, **parts: Any) -> dict[str, Any]:
    document = news(version=version, replicas=replicas)
    meta = {
        **document["metadata"],
        "uid": "uid",
        "generation": generation,
        "annotations": {"seen": str(version)},
    }
    return {**document, "metadata": meta, **parts}


def test_news_of_a_status_keep_the_spec_and_bring_status_and_annotations() -> None:
    models = Models()
    models.remember(stored_news(version=1, replicas=2))
    models.remember(stored_news(version=2, replicas=2, status={"readyReplicas": 2}))
    model = models.get(DIGITS)
    assert isinstance(model, ModelDeployment)
    assert model.status is not None
    assert (model.spec.replicas, model.status.ready_replicas) == (2, 2)
    assert (model.metadata.resource_version, model.metadata.annotations) == ("2", {"seen": "2"})


def test_a_new_generation_or_a_namesake_is_read_from_the_start() -> None:
    models = Models()
    models.remember(stored_news(version=1, replicas=1))
    models.remember(stored_news(version=2, replicas=2, generation=2))
    assert replicas(models) == 2
    namesake = stored_news(version=3, replicas=3, generation=2)
    namesake["metadata"]["uid"] = "another"
    models.remember(namesake)
    assert replicas(models) == 3


def test_a_status_that_nobody_can_read_is_refused_as_it_was_at_first_sight() -> None:
    models = Models()
    models.remember(stored_news(version=1))
    models.remember(stored_news(version=2, status={"readyReplicas": "two"}))
    assert isinstance(models.get(DIGITS), BadInputError)
