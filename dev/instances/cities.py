"""Where nodes and clients are, and how far apart."""

from functools import cache
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple


class City(NamedTuple):
    """A place with clients and edge nodes."""

    latitude: float
    """Degrees."""
    longitude: float
    """Degrees."""
    country: str
    """Two letters (ISO 3166-1), the region that ``allowedRegions`` speaks of."""


CITIES = {
    "amsterdam": City(52.4, 4.9, "nl"), "athens": City(38.0, 23.7, "gr"), "barcelona": City(41.4, 2.2, "es"),
    "berlin": City(52.5, 13.4, "de"), "bordeaux": City(44.8, -0.6, "fr"), "brussels": City(50.8, 4.4, "be"),
    "bucharest": City(44.4, 26.1, "ro"), "budapest": City(47.5, 19.0, "hu"),
    "copenhagen": City(55.7, 12.6, "dk"), "dublin": City(53.3, -6.3, "ie"),
    "frankfurt": City(50.1, 8.7, "de"), "hamburg": City(53.6, 10.0, "de"), "helsinki": City(60.2, 24.9, "fi"),
    "lisbon": City(38.7, -9.1, "pt"), "london": City(51.5, -0.1, "gb"), "lyon": City(45.8, 4.8, "fr"),
    "madrid": City(40.4, -3.7, "es"), "manchester": City(53.5, -2.2, "gb"),
    "marseille": City(43.3, 5.4, "fr"), "milan": City(45.5, 9.2, "it"), "munich": City(48.1, 11.6, "de"),
    "naples": City(40.9, 14.3, "it"), "oslo": City(59.9, 10.8, "no"), "paris": City(48.9, 2.4, "fr"),
    "porto": City(41.1, -8.6, "pt"), "prague": City(50.1, 14.4, "cz"), "riga": City(56.9, 24.1, "lv"),
    "rome": City(41.9, 12.5, "it"), "seville": City(37.4, -6.0, "es"), "sofia": City(42.7, 23.3, "bg"),
    "stockholm": City(59.3, 18.1, "se"), "vienna": City(48.2, 16.4, "at"), "vilnius": City(54.7, 25.3, "lt"),
    "warsaw": City(52.2, 21.0, "pl"), "zagreb": City(45.8, 16.0, "hr"), "zurich": City(47.4, 8.5, "ch"),
}  # fmt: skip


CLOUD_CITIES = ("dublin", "frankfurt", "stockholm")
"""Where the regions of the cloud are."""
CLOUD_COUNTRIES = {CITIES[city].country for city in CLOUD_CITIES}


@cache
def round_trips_from(city: str) -> dict[str, int]:
    """Give the round trip to every city, in milliseconds."""
    return {other: round_trip_milliseconds(city, other) for other in CITIES}


def round_trip_milliseconds(one: str, other: str) -> int:
    """Estimate the round trip between two cities: 2 ms, and 16 ms for each 1,000 km.

    Light in fibre takes 10 ms for 1,000 km and back; cables make detours.
    """
    here, there = CITIES[one], CITIES[other]
    a = sin(radians(there.latitude - here.latitude) / 2) ** 2
    b = cos(radians(here.latitude)) * cos(radians(there.latitude))
    c = sin(radians(there.longitude - here.longitude) / 2) ** 2
    kilometres = 2 * 6371 * asin(sqrt(a + b * c))
    return round(2 + 0.016 * kilometres)
