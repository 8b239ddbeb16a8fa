"""Tables fit a terminal as far as nothing that counts is lost, and are whole elsewhere."""

import pytest

from fogline.cli.tables import Column, Kind, Table, lay_out, shortened

POD = "recommender-for-the-shop-window-cloud-large-5d8f6c7b9d-x7k2p"
NODE = "gke-production-europe-west-4-pool-n2-standard-16-0a1b2c3d-4e5f"
REPLICAS = Table(
    (
        Column("POD"),
        Column("VARIANT", is_spare=True),
        Column("NODE"),
        Column("CLIENT SITE", is_spare=True),
        Column("COST/H", Kind.NUMBER),
        Column("PENALTY/H", Kind.NUMBER, is_spare=True),
        Column("LATENCY", Kind.NUMBER),
        Column("READY", Kind.WORD),
        Column("TIER", Kind.WORD, is_wide=True),
    ),
    [
        (POD, "cloud-large", NODE, "plant-of-the-north", "12.345678901", "0.04", "40 ms", "yes", "Cloud"),
        ("digits-a", "edge", "edge-1", "-", "0.025", "0", "5 ms", "no", "Edge"),
    ],
)
REFUSED = Table(
    (Column(), Column(kind=Kind.WORD), Column(kind=Kind.PROSE)),
    [(NODE, "InsufficientResource", "needs 2048Mi memory, has 1024Mi free, and no nvidia.com/gpu")],
    indent="  ",
)


@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize("table", [REPLICAS, REFUSED], ids=["replicas", "refused"])
def test_no_line_is_longer_than_the_terminal(table: Table, width: int) -> None:
    assert max(map(len, lay_out(table, width=width))) <= width


def test_at_80_columns_what_says_least_is_left_out_and_named() -> None:
    assert [*lay_out(REPLICAS, width=80)] == [
        "POD                VARIANT      NODE                     COST/H  LATENCY  READY",
        "recommen…9d-x7k2p  cloud-large  gke-prod…c3d-4e5f  12.345678901    40 ms  yes",
        "digits-a           edge         edge-1                    0.025     5 ms  no",
        "without CLIENT SITE, PENALTY/H; -o wide shows all",
    ]


def test_at_100_columns_it_is_enough_that_long_names_lose_their_middle() -> None:
    header, long_names, short_names = (line.split() for line in lay_out(REPLICAS, width=100))
    assert header == ["POD", "VARIANT", "NODE", "CLIENT", "SITE", "COST/H", "PENALTY/H", "LATENCY", "READY"]
    assert long_names[:4] == ["recomm…d-x7k2p", "cloud-large", "gke-pr…3d-4e5f", "plant-…e-north"]
    assert short_names[:4] == ["digits-a", "edge", "edge-1", "-"]


@pytest.mark.parametrize("table", [REPLICAS, REFUSED], ids=["replicas", "refused"])
def test_at_200_columns_nothing_is_lost(table: Table) -> None:
    whole = [*lay_out(table, width=200)]
    assert whole == [*lay_out(table)]
    assert NODE in "".join(whole)


def test_prose_is_folded_under_itself_and_reasons_stay_whole() -> None:
    assert [*lay_out(REFUSED, width=80)] == [
        "  gke-product…a1b2c3d-4e5f  InsufficientResource  needs 2048Mi memory, has",
        "                                                  1024Mi free, and no",
        "                                                  nvidia.com/gpu",
    ]


def test_names_stay_whole_while_prose_can_be_folded() -> None:
    assert NODE in "".join(lay_out(REFUSED, width=120))


def test_numbers_are_never_cut_however_narrow_the_terminal_is() -> None:
    text = "\n".join(lay_out(REPLICAS, width=20))
    assert "12.345678901    40 ms  yes" in text
    assert "reco…7k2p" not in text
    assert "rec…7k2p" in text


def test_columns_for_those_who_want_all_are_left_out_without_a_word_else() -> None:
    assert "TIER" not in "".join(lay_out(REPLICAS))
    assert [line.split()[-1] for line in lay_out(REPLICAS, all_columns=True)] == ["TIER", "Cloud", "Edge"]


def test_rows_beyond_those_that_are_shown_are_counted() -> None:
    table = Table((Column("NODE"), Column("REPLICAS", Kind.NUMBER)), [("a", "1"), ("long-name", "2")], most=1)
    assert [*lay_out(table)] == ["NODE  REPLICAS", "a            1", "and 1 more; --details shows all"]


def test_a_table_without_rows_is_its_header() -> None:
    assert [*lay_out(Table((Column("NODE"), Column("COST/H", Kind.NUMBER)), []), width=80)] == [
        "NODE  COST/H"
    ]


def test_a_colour_takes_no_room() -> None:
    table = Table((Column(kind=Kind.WORD), Column()), [("\x1b[33mWarning\x1b[0m", "a"), ("Normal", "b")])
    assert [*lay_out(table)] == ["\x1b[33mWarning\x1b[0m  a", "Normal   b"]


@pytest.mark.parametrize(
    ("width", "short"), [(12, "digits-edge1"), (11, "digit…edge1"), (8, "dig…dge1"), (2, "…1")]
)
def test_a_name_keeps_both_ends(width: int, short: str) -> None:
    assert shortened("digits-edge1", width) == short
