"""A server without the extra `roomkeeper[virtual]`."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# None in sys.modules: what Python itself takes for a package that is not there.
WITHOUT = """
import sys
sys.modules.update(dict.fromkeys({missing}))
from roomkeeper.cli.main import main
main()
"""


def run(
    folder: Path, *words: str, missing: tuple[str, ...] = ("lxml", "pysnmp")
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT.format(missing=missing), *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=folder,
    )


@pytest.mark.parametrize(
    "words", [("virtual", "run", "--manager", "http://127.0.0.1:1"), ("demo", "--data", "there")]
)
def test_virtual_endpoints_are_refused_in_one_sentence_that_says_what_to_install(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = run(tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Virtual endpoints need the extra roomkeeper[virtual], which is not fully installed (lxml, pysnmp): "
        "install roomkeeper[virtual] into this Python and try again.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_the_rest_of_the_command_line_works_without(tmp_path: Path) -> None:
    done = run(tmp_path, "--help")
    assert done.returncode == 0
    assert "serve" in done.stdout
    assert "virtual" in done.stdout


def test_only_the_missing_package_is_named(tmp_path: Path) -> None:
    assert "not fully installed (pysnmp)" in run(tmp_path, "virtual", missing=("pysnmp",)).stderr


def test_the_lock_of_the_server_is_without_and_that_of_setup_has_it() -> None:
    def locked(name: str) -> set[str]:
        lines = (ROOT / "requirements" / name).read_text("utf-8").splitlines()
        return {line.partition("==")[0] for line in lines if "==" in line and not line.startswith((" ", "#"))}

    assert locked("run.txt") & {"lxml", "pysnmp", "pyasn1"} == set()
    assert locked("run.txt") < locked("dev.txt")
    assert {"lxml", "pysnmp"} <= locked("dev.txt")
