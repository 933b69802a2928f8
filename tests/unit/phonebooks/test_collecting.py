"""Full collections of garbage wait while a phone book is read."""

import gc

import pytest

from roomkeeper.phonebooks.collecting import without_full_collections


def full_collections() -> int:
    return int(gc.get_stats()[2]["collections"])


def test_none_runs_inside_and_all_is_as_it_was_afterwards() -> None:
    usual = gc.get_threshold()
    with without_full_collections():
        before = full_collections()
        held = [[number] for number in range(300_000)]
        with pytest.raises(ValueError, match="inner"), without_full_collections():
            raise ValueError("inner")
        held += [[number] for number in range(300_000)]
        assert full_collections() == before
        assert gc.get_threshold()[:2] == usual[:2]
    assert gc.get_threshold() == usual
    assert len(held) == 600_000
