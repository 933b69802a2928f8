"""One setting for a whole fleet by both roads; `python -m tests.bench bulk-change` does it with ten thousand."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance import bulk_change
from tests.acceptance.processes import Server

pytestmark = pytest.mark.acceptance


def test_everybody_confirms_and_kill_9_loses_and_repeats_nothing(
    make_server: Callable[..., Server], tmp_path: Path
) -> None:
    told = bulk_change.run(make_server(), tmp_path, systems=200, interval=10)
    print(told)
    assert told.planned <= bulk_change.PLANNED_WITHIN
