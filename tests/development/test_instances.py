"""Clusters made from a seed: the same everywhere, and sound."""

import pytest
from dev.instances import CITIES, SIZES, make, round_trip_milliseconds


@pytest.mark.parametrize("size", ["tiny", "small"])
def test_a_size_and_a_seed_always_give_the_same_cluster(size: str) -> None:
    assert make(size) == make(size)
    assert make(size, seed=2) != make(size)
    assert len(make(size)[1].nodes) == SIZES[size]


def test_round_trips_grow_with_the_distance_whichever_way_they_go() -> None:
    assert round_trip_milliseconds("paris", "paris") == 2
    assert round_trip_milliseconds("paris", "london") < round_trip_milliseconds("paris", "athens")
    for city in CITIES:
        assert round_trip_milliseconds(city, "oslo") == round_trip_milliseconds("oslo", city)
