"""The form of the answer, which other programs read."""

import json

import msgspec
from dev.figures_schema import PAGE

from fogline.collector.answer import Answered, Clients, Pods, RoundTrip
from fogline.collector.groups import figures
from fogline.collector.serve import only

NOTHING = figures(())
NOBODY = Clients(requests=0, failed=0)
EMPTY = Answered(
    time="2030-01-01T00:00:00Z",
    window_seconds=300,
    covered_seconds=0,
    pods=Pods(known=0, answering=0, left_out=0, troubles=()),
    total=NOTHING,
    tiers={},
    sites={},
    nodes={},
    models={"shop/digits": NOTHING, "shop/other": NOTHING},
    revisions=(),
    round_trips=(RoundTrip(client_site="a", site="z", milliseconds=None, written_milliseconds=None),),
)


def test_an_answer_is_read_as_it_was_written_and_its_schema_knows_every_field() -> None:
    document = msgspec.json.encode(EMPTY)
    assert msgspec.json.decode(document, type=Answered) == EMPTY
    definitions = json.loads(PAGE.read_text())["$defs"]
    assert set(json.loads(document)) == set(definitions["Answered"]["properties"])
    assert set(json.loads(document)["total"]) == set(definitions["Figures"]["properties"])


def test_one_model_can_be_asked_for() -> None:
    assert list(only(EMPTY, "shop/digits").models) == ["shop/digits"]
    assert only(EMPTY, "shop/nobody").models == {}
