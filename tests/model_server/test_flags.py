"""Flags and environment, as the TensorFlow Serving image takes them."""

from pathlib import Path

import pytest

from fogline_model_server.assembly import idle_flags
from fogline_model_server.flags import parse
from fogline_model_server.settings import Front, Peers, Settings


def test_without_anything_the_defaults_of_the_image_hold() -> None:
    assert parse([], {}) == Settings()
    assert (Settings().port, Settings().rest_api_port) == (8500, 8501)
    assert (Settings().model_name, Settings().model_base_path) == ("model", Path("/models/model"))


def test_the_environment_names_model_and_folder() -> None:
    settings = parse([], {"MODEL_NAME": "digits", "MODEL_BASE_PATH": "/srv"})
    assert (settings.model_name, settings.model_base_path) == ("digits", Path("/srv/digits"))


def test_flags_win_over_the_environment() -> None:
    arguments = ["--port=1", "--rest_api_port=0", "--model_name=a", "--model_base_path=/b"]
    assert parse(arguments, {"MODEL_NAME": "digits"}) == Settings(
        port=1, rest_api_port=0, model_name="a", model_base_path=Path("/b")
    )


def test_the_name_flag_leaves_the_folder_of_the_environment() -> None:
    assert parse(["--model_name=a"], {"MODEL_NAME": "digits"}).model_base_path == Path("/models/digits")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--colour=red"], "unrecognized arguments: --colour=red"),
        (["--model=digits"], "unrecognized arguments: --model=digits"),
        (["--port=http"], "argument --port: 'http' is not a whole number"),
        (["--port=70000"], "70000 is not between 0 and 65535"),
        (["--port=0", "--rest_api_port=0"], "nothing would be served"),
        (["--port=9000", "--rest_api_port=9000"], "are both 9000"),
        (["--model_name="], "--model_name is empty"),
        (["--enable_batching=maybe"], "'maybe' is neither true nor false"),
        (["--rest_api_timeout_in_ms=0"], "0 is less than 1"),
        (["--max_num_load_retries=-1"], "-1 is negative"),
        (["--file_system_poll_wait_seconds=-1"], "from 0 on"),
        (["--file_system_poll_wait_seconds=soon"], "'soon' is not a number of seconds"),
        (["--front=http3"], "'http3' is none of grpcio, http2"),
        (["--reload_config_peers=all"], "'all' is none of loopback, any"),
        (["--grpc_channel_arguments=a"], "'a' has not the form name=value"),
        (["--batching_parameters_file=f"], "not --enable_batching"),
    ],
)
def test_a_wrong_flag_ends_with_two_and_says_why(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments, {})
    assert ended.value.code == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argument", "advice"),
    [
        ("--use_alts_credentials", "use --ssl_config_file"),
        ("--platform_config_file=p", "flags of their own"),
        ("--per_process_gpu_memory_fraction=0.5", "use tensorflow/serving"),
        ("--saved_model_tags=serve,gpu", "with the tag serve"),
        ("--tensorflow_session_config_file=p", "--tensorflow_intra_op_parallelism"),
        ("--enable_per_model_batching_parameters", "--batching_parameters_file"),
    ],
)
def test_a_flag_that_only_tensorflow_serving_has_ends_with_two_and_says_what_to_do(
    argument: str, advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([argument], {})
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert argument.partition("=")[0] in error
    assert advice in error


def test_a_flag_that_states_its_default_asks_for_nothing() -> None:
    arguments = ["--use_alts_credentials=false", "--saved_model_tags=serve", "--flush_filesystem_caches"]
    assert parse(arguments, {}) == Settings()


@pytest.mark.parametrize(
    "argument",
    [
        "--flush_filesystem_caches=false",
        "--num_unload_threads=4",
        "--enable_profiler",
        "--reload_config_peers=any",
        "--grpc_channel_arguments=a=1",
        "--model_config_file_poll_wait_seconds=1",
    ],
)
def test_a_flag_that_does_nothing_is_reported(argument: str) -> None:
    (note,) = parse([argument, "--front=http2"], {}).ignored
    assert note.startswith(argument.partition("=")[0])


def test_a_config_file_makes_name_and_folder_void_and_that_is_reported() -> None:
    settings = parse(["--model_config_file=c", "--model_name=a", "--model_base_path=b"], {})
    assert [note.partition(":")[0] for note in settings.ignored] == ["--model_name", "--model_base_path"]


def test_switches_take_the_words_of_tensorflow_serving() -> None:
    assert parse(["--enable_batching"], {}).enable_batching
    assert parse(["--enable_batching=true"], {}).enable_batching
    assert not parse(["--enable_model_warmup=0"], {}).enable_model_warmup


def test_an_empty_file_name_is_none() -> None:
    assert parse(["--model_config_file=", "--ssl_config_file="], {}) == Settings()


def test_options_of_grpc_are_numbers_where_they_look_like_numbers() -> None:
    settings = parse(["--grpc_channel_arguments=grpc.max_connection_age_ms=2000,grpc.x=y"], {})
    assert settings.grpc_channel_arguments == (("grpc.max_connection_age_ms", 2000), ("grpc.x", "y"))


def test_choices_are_values() -> None:
    settings = parse(["--front=http2", "--enable_reload_config", "--reload_config_peers=any"], {})
    assert (settings.front, settings.reload_config_peers, settings.ignored) == (Front.HTTP2, Peers.ANY, ())


def test_no_load_threads_mean_one_version_after_the_other() -> None:
    assert parse(["--num_load_threads=0"], {}).num_load_threads == 1


def test_flags_of_an_engine_that_runs_no_model_are_reported() -> None:
    settings = parse(["--tensorflow_intra_op_parallelism=2", "--num_tflite_pools=3"], {})
    assert idle_flags(settings, {"litert"}) == (
        "--tensorflow_intra_op_parallelism: no model runs on tensorflow",
    )
    assert idle_flags(settings, {"tensorflow"}) == ("--num_tflite_pools: no model runs on litert",)
    assert idle_flags(settings, {"litert", "tensorflow"}) == ()
