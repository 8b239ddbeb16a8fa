"""Quantities and money: read as Kubernetes reads them, written one way."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogline.errors import BadInputError
from fogline.units import (
    MOST,
    format_amount,
    format_usd,
    max_amounts,
    parse_cost_per_hour,
    parse_milliseconds,
    parse_quantity,
    parse_usd,
    resource_amount,
    resource_amounts,
    sum_amounts,
)

AMOUNTS = st.dictionaries(st.sampled_from(["cpu", "memory", "pods"]), st.integers(0, 10**15))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0"),
        (2, "2"),
        ("250m", "0.25"),
        ("1.5", "1.5"),
        ("1.", "1"),
        (".5", "0.5"),
        ("+1", "1"),
        ("-1", "-1"),
        ("100n", "1e-7"),
        ("100u", "1e-4"),
        ("1k", "1000"),
        ("1M", "1000000"),
        ("1G", "1e9"),
        ("1T", "1e12"),
        ("1P", "1e15"),
        ("1E", "1e18"),
        ("1Ki", "1024"),
        ("1.5Mi", "1572864"),
        ("1Gi", "1073741824"),
        ("1Ti", "1099511627776"),
        ("1Pi", "1125899906842624"),
        ("1Ei", "1152921504606846976"),
        ("1e3", "1000"),
        ("1E3", "1000"),
        ("1E-3", "0.001"),
        ("5e+2", "500"),
    ],
)
def test_a_quantity_is_read_as_kubernetes_reads_it(text: str | int, value: str) -> None:
    assert parse_quantity(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["", "m", "1K", "1 Gi", "1gi", "1Mib", "--1", "1e", "1.2.3", "0x10", "1_000", "٣", "1\n", "1e100"]
)
def test_what_is_no_quantity_is_refused_with_an_example_of_one(text: str) -> None:
    with pytest.raises(BadInputError, match=r"is no quantity; write for example 250m, 2 or 1\.5Gi"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("resource", "quantity", "amount"),
    [
        ("cpu", "1", 1000),
        ("cpu", "250m", 250),
        ("cpu", "100u", 1),  # rounded up: a request never becomes nothing
        ("cpu", "1000001u", 1001),
        ("memory", "1Ki", 1024),
        ("memory", "1500m", 2),
        ("nvidia.com/gpu", 2, 2),
        ("pods", "110", 110),
        ("hugepages-2Mi", "4Mi", 4 * 1024**2),
    ],
)
def test_cpu_counts_in_millicores_all_else_in_whole_units_and_parts_are_rounded_up(
    resource: str, quantity: str | int, amount: int
) -> None:
    assert resource_amount(resource, quantity) == amount
    assert resource_amounts({resource: quantity}) == {resource: amount}


@pytest.mark.parametrize("quantity", ["2Pi", "9E", "9e99", "9" * 32, 10**30])
def test_an_amount_that_no_machine_has_counts_as_the_most_that_is_counted(quantity: str | int) -> None:
    assert resource_amount("memory", quantity) == resource_amount("cpu", quantity) == MOST == 1024**5


@pytest.mark.parametrize("quantity", ["-1", "-1n", -5, "-9e99"])
def test_an_amount_below_zero_is_refused(quantity: str | int) -> None:
    with pytest.raises(BadInputError, match=r"of memory is below 0; write 0 for none"):
        resource_amount("memory", quantity)


@given(st.integers(0, MOST))
def test_millicores_and_bytes_survive_being_written_and_read(amount: int) -> None:
    assert resource_amount("cpu", f"{amount}m") == amount
    assert resource_amount("memory", amount) == amount


@given(st.lists(AMOUNTS, max_size=5))
def test_sums_and_maxima_are_taken_resource_by_resource(parts: list[dict[str, int]]) -> None:
    names = {name for part in parts for name in part}
    assert sum_amounts(parts) == {name: sum(part.get(name, 0) for part in parts) for name in names}
    assert max_amounts(parts) == {name: max(part.get(name, 0) for part in parts) for name in names}


@pytest.mark.parametrize(
    ("resource", "amount", "text"),
    [
        ("cpu", 250, "250m"),
        ("memory", 130 * 1024**2, "130Mi"),
        ("ephemeral-storage", 1024**3, "1024Mi"),
        ("hugepages-2Mi", 4 * 1024**2, "4Mi"),
        ("pods", 1, "1"),
        ("nvidia.com/gpu", 2, "2"),
    ],
)
def test_an_amount_is_written_for_people(resource: str, amount: int, text: str) -> None:
    assert format_amount(resource, amount) == text


@pytest.mark.parametrize(("text", "value"), [("0", "0"), ("0.25", "0.25"), ("12.500000000", "12.5")])
def test_an_amount_of_money_is_a_decimal_number(text: str, value: str) -> None:
    assert parse_usd(text) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    ["", "free", "-1", "1e9", "1e999999999", "1_000", " 1", "NaN", "Infinity", "$1", "1,5", "٣", "1\n"],
)
def test_what_is_no_amount_of_money_is_refused_with_an_example_of_one(text: str) -> None:
    with pytest.raises(BadInputError, match=r"is no amount of US dollars; write for example 0\.25"):
        parse_usd(text)


def test_the_price_of_a_node_has_a_limit() -> None:
    assert parse_cost_per_hour("100000") == Decimal(100_000)
    with pytest.raises(BadInputError, match="is above 100000 US dollars per hour; write for example"):
        parse_cost_per_hour("100000.01")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("1", "1"),
        ("10", "10"),
        ("100.00", "100"),
        ("0.250", "0.25"),
        ("0.0000004", "0"),
        ("0.0000006", "0.000001"),
        ("-1e-25", "0"),  # what subtracting rounded shares may leave
    ],
)
def test_money_is_written_without_trailing_zeros_and_never_as_minus_nothing(value: str, text: str) -> None:
    assert format_usd(Decimal(value)) == text


@given(st.decimals(0, 999_999_999, places=6))
def test_money_survives_being_written_and_read(value: Decimal) -> None:
    assert parse_usd(format_usd(value)) == value


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("20", 20), ("600000", 600_000)])
def test_a_round_trip_is_a_whole_number_of_milliseconds(text: str, value: int) -> None:
    assert parse_milliseconds(text) == value


@pytest.mark.parametrize("text", ["", "-5", "2.5", "20ms", "600001", "9" * 5000, "٣", "²"])
def test_what_is_no_round_trip_is_refused_with_an_example_of_one(text: str) -> None:
    with pytest.raises(BadInputError, match="is no number of milliseconds up to 600000; write 20"):
        parse_milliseconds(text)
