"""The state of a whole from the states of its parts."""

import pytest

from roomkeeper.provisioning.states import combined


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([], "confirmed"),
        (["confirmed", "confirmed"], "confirmed"),
        (["confirmed", "waiting", "failed"], "waiting"),
        (["delivered", "failed"], "delivered"),
        (["confirmed", "failed", "expired"], "failed"),
        (["confirmed", "expired", "cancelled"], "expired"),
        (["confirmed", "cancelled"], "confirmed"),
        (["cancelled", "superseded"], "cancelled"),
        (["superseded"], "superseded"),
    ],
)
def test_whole_shows_the_part_that_most_needs_to_be_seen(parts, whole):
    assert combined(parts) == whole
