"""Flags and environment, as the TensorFlow Serving image takes them."""

from pathlib import Path

import pytest

from fogline_model_server.flags import Settings, parse


def test_without_anything_the_defaults_of_the_image_hold() -> None:
    assert parse([], {}) == Settings(8500, 8501, "model", Path("/models/model"))


def test_the_environment_names_model_and_folder() -> None:
    settings = parse([], {"MODEL_NAME": "digits", "MODEL_BASE_PATH": "/srv"})
    assert (settings.model_name, settings.model_base_path) == ("digits", Path("/srv/digits"))


def test_flags_win_over_the_environment() -> None:
    arguments = ["--port=1", "--rest_api_port=0", "--model_name=a", "--model_base_path=/b"]
    assert parse(arguments, {"MODEL_NAME": "digits"}) == Settings(1, 0, "a", Path("/b"))


def test_the_name_flag_leaves_the_folder_of_the_environment() -> None:
    assert parse(["--model_name=a"], {"MODEL_NAME": "digits"}).model_base_path == Path("/models/digits")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--colour=red"], "unrecognized arguments: --colour=red"),
        (["--model=digits"], "unrecognized arguments: --model=digits"),
        (["--port=http"], "argument --port: invalid"),
        (["--port=70000"], "70000 is not between 0 and 65535"),
        (["--port=0", "--rest_api_port=0"], "nothing would be served"),
        (["--port=9000", "--rest_api_port=9000"], "are both 9000"),
        (["--model_name="], "--model_name is empty"),
    ],
)
def test_a_wrong_flag_ends_with_two_and_says_why(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments, {})
    assert ended.value.code == 2
    assert reason in capsys.readouterr().err
