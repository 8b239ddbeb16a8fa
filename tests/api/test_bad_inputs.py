"""What is wrong with a manifest is told with the field that is at fault; the API server says the same."""

import pytest
from tests.support.crd_cases import BadInput, bad_inputs, full_manifest

from fogline.api import parse
from fogline.errors import BadInputError

BAD_INPUTS = bad_inputs()


def test_a_manifest_with_every_field_is_accepted() -> None:
    assert parse(full_manifest(), strict=True).metadata.name == "digits"


def test_the_table_is_long_and_no_name_stands_in_it_twice() -> None:
    assert len({bad.name for bad in BAD_INPUTS}) == len(BAD_INPUTS) >= 40


@pytest.mark.parametrize("bad", BAD_INPUTS, ids=lambda bad: bad.name)
def test_bad_input_is_refused_and_its_field_is_named(bad: BadInput) -> None:
    with pytest.raises(BadInputError) as caught:
        parse(bad.manifest, strict=True)
    assert caught.value.field == bad.field
