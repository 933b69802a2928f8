"""The small cases of ../shared/cases/wire, read in place: skipped where they are not, a failure in CI."""

import os
from pathlib import Path
from typing import Final

import pytest

CASES: Final = Path(__file__).resolve().parents[2] / "shared" / "cases" / "wire"


def read_case(name: str) -> bytes:
    """A case as it stands there, `05-second-call-rejected.xml` and the like."""
    if not CASES.is_dir():
        message = "the small wire cases (../shared/cases/wire) are not on this machine"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return (CASES / name).read_bytes()
