"""Which gRPC calls get in."""

import pytest

from fogline_model_server.admission import RELOAD, admit, is_local
from fogline_model_server.catalog import Catalog
from fogline_model_server.errors import Code, ServingError
from fogline_model_server.serving import AnswerOptions, Serving

PREDICT = "tensorflow.serving.PredictionService/Predict"
FAR = "ipv4:10.0.0.7:4711"


@pytest.mark.parametrize(
    ("peer", "local"),
    [
        ("ipv4:127.0.0.1:4711", True),
        ("ipv4:127.8.9.10:4711", True),
        ("ipv6:[::1]:4711", True),
        ("ipv6:%5B::1%5D:4711", True),
        ("ipv6:[::ffff:127.0.0.1]:4711", True),
        ("unix:", True),
        ("unix:/run/fogline.sock", True),
        ("unix-abstract:name", True),
        (FAR, False),
        ("ipv6:[::ffff:10.0.0.7]:4711", False),
        ("ipv6:[fe80::1%25eth0]:4711", False),
        ("ipv4:0.0.0.0:1", False),
        ("", False),
        ("127.0.0.1", False),
        ("vsock:3:1", False),
    ],
)
def test_a_peer_is_local_only_when_it_is_on_this_machine(peer: str, local: bool) -> None:  # noqa: FBT001
    assert is_local(peer) is local


def test_who_is_far_may_predict_but_not_reload() -> None:
    serving = Serving(Catalog({}))
    admit(serving, PREDICT, FAR)
    admit(serving, RELOAD, "unix:")
    with pytest.raises(ServingError) as refused:
        admit(serving, RELOAD, FAR)
    assert refused.value.code is Code.PERMISSION_DENIED
    assert "--reload_config_peers" in refused.value.message


def test_everybody_may_reload_when_the_flag_says_so() -> None:
    admit(Serving(Catalog({}), AnswerOptions(reload_from_anywhere=True)), RELOAD, FAR)
