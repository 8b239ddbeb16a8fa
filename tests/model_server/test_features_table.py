"""The table of flags in the documentation tells what the server does with each."""

import re

import pytest
from dev.paths import ROOT

from fogline_model_server.flags import parse
from fogline_model_server.foreign_flags import REFUSED, WITHOUT_EFFECT

TABLE = ROOT / "docs" / "model-server-features.md"


def documented() -> list[tuple[str, str]]:
    return re.findall(r"^\| `--(\w+)` \| (\w+) \|", TABLE.read_text(), re.MULTILINE)


def own_flags(capsys: pytest.CaptureFixture[str]) -> set[str]:
    with pytest.raises(SystemExit):
        parse(["--help"], {})
    return set(re.findall(r"--(\w+)", capsys.readouterr().out.partition("options:")[2])) - {"help"}


def test_every_flag_is_in_the_table_with_what_is_done_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    expected = {
        **dict.fromkeys(own_flags(capsys), "yes"),
        **dict.fromkeys(REFUSED, "no"),
        **dict.fromkeys(WITHOUT_EFFECT, "ignored"),
    }
    assert dict(documented()) == expected


def test_the_table_is_in_order_and_names_no_flag_twice() -> None:
    names = [name for name, _ in documented()]
    assert names == sorted(set(names))
