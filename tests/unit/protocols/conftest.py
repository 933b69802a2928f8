"""What these tests share: where the captures of real devices are."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

CAPTURES = Path(__file__).resolve().parents[4] / "shared" / "captures"


@pytest.fixture
def read_capture() -> Callable[[str], bytes]:
    """Reads `sx10_ce9.6.1/status.xml` and the like; skips where the captures are not, but fails in CI."""

    def read(name: str) -> bytes:
        if not CAPTURES.is_dir():
            message = "the captures of real devices (../shared/captures) are not on this machine"
            if os.environ.get("CI"):
                pytest.fail(message)
            pytest.skip(message)
        return (CAPTURES / name).read_bytes()

    return read
