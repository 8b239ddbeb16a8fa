"""The tables of the simulation compare ways that were simulated for different numbers of days fairly."""

from collections import Counter

from bench.moves.account import Totals
from bench.moves.simulate import Outcome
from bench.moves.tables import Results, Size

DAY = 86_400.0


def way(name: str, *dollars: float) -> Outcome:
    """Make a way of one replica that costs so much up to the end of each day."""
    days = [
        Totals(cost, serving_seconds=DAY * day, near_seconds=DAY * day, wanted_seconds=DAY * day)
        for day, cost in enumerate(dollars, 1)
    ]
    return Outcome(name, days, moves=0, causes=Counter(), cpu_seconds=1.0, is_judged=True, breaches=())


def tables(*ways: Outcome) -> list[list[str]]:
    """Give the row with the cost of each table."""
    results = Results(Size(2, 1, 1, 1, 0), ways, seconds=3.0)
    return [list(row) for table in results.tables() for row in table.rows if row[0] == "US dollars per day"]


def test_each_way_is_told_by_the_day_and_all_besides_over_the_days_that_they_share() -> None:
    whole, part = way("a", 10, 30), way("b", 12)
    assert tables(whole, part) == [["US dollars per day", "15", "12"], ["US dollars per day", "10", "12"]]


def test_ways_of_the_same_days_need_one_table() -> None:
    assert tables(way("a", 10, 30), way("b", 12, 20)) == [["US dollars per day", "15", "10"]]
