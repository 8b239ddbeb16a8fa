"""A name that points to another address when it is looked up again gains nothing."""

import pytest
from tests.model_fetcher.conftest import BARE_ENVIRONMENT, Fetcher
from tests.support.rebinding import METADATA, NAME, STORE, Observed, in_own_network


def run(fetcher: Fetcher, lookups: list[list[str]]) -> Observed:
    command = fetcher.command("s3://models/digits/model.tflite", allow="")
    environment = {**BARE_ENVIRONMENT, "AWS_ENDPOINT_URL": f"http://{NAME}"}
    return in_own_network(lookups, command, environment)


def test_a_name_that_keeps_its_address_is_a_store_like_any_other(fetcher: Fetcher) -> None:
    observed = run(fetcher, [[STORE]])
    assert observed.exit_code == 0, observed.output
    assert set(observed.reached) == {STORE}


@pytest.mark.parametrize("lookups", [[[STORE], [METADATA]], [[STORE, METADATA]], [[METADATA]]])
def test_a_name_that_turns_into_the_metadata_service_is_refused_before_a_connection(
    fetcher: Fetcher, lookups: list[list[str]]
) -> None:
    observed = run(fetcher, lookups)
    assert observed.exit_code == 1, observed.output
    assert "from which no artifact may come" in observed.output
    assert METADATA not in observed.reached
    assert not fetcher.version.exists()
