"""A guided move of a mixed fleet to Secure-Only and back; `python -m tests.bench secure-only` does it with 200."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance import mixed_fleet
from tests.acceptance.processes import Api, Server

pytestmark = pytest.mark.acceptance


def test_nobody_is_lost_and_nothing_of_those_that_moved_is_in_the_clear(
    make_server: Callable[..., Server], tmp_path: Path
) -> None:
    def start() -> tuple[Server, Api]:
        server = make_server()
        return server, server.start_with_administrator()[1]

    mixed_fleet.run(start, tmp_path, mixed_fleet.SMALLEST, canary=1, wave_size=5)
