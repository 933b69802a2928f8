"""The unit of the page on installing is hardened as systemd itself counts it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "install.md"
PROGRAM = shutil.which("systemd-analyze")


@pytest.mark.skipif(PROGRAM is None, reason="systemd is not installed")
def test_exposure_of_the_unit_is_low(tmp_path: Path) -> None:
    found = re.search(r"```ini\n(\[Unit\].*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    unit = tmp_path / "roomkeeper.service"
    unit.write_text(found[1].replace("/opt/roomkeeper/.venv/bin/roomkeeper", "/bin/true"), "utf-8")
    done = subprocess.run(
        [str(PROGRAM), "security", "--offline=true", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    told = re.search(r"Overall exposure level for roomkeeper\.service: ([\d.]+)", done.stdout)
    assert told is not None, done.stderr
    assert float(told[1]) <= 3.0
    # Nothing that systemd does not know: it would be passed over in silence.
    assert "Unknown" not in done.stderr
