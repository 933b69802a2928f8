"""Which commit messages are refused."""

import subprocess
from pathlib import Path

import pytest
from scripts.check_commits import Commit, faults, main


@pytest.mark.parametrize(
    ("subject", "body", "lines", "refused"),
    [
        ("x" * 72, "", 20, 0),
        ("x" * 73, "", 20, 1),
        ("Short", "", 21, 1),
        ("Short", " \n\n", 21, 1),
        ("Short", "Because.", 5000, 0),
        ("x" * 73, "", 21, 2),
        ("ü" * 72, "", 1, 0),
    ],
)
def test_long_subjects_and_large_changes_without_a_reason(
    subject: str, body: str, lines: int, refused: int
) -> None:
    assert len(faults(Commit("abc", subject, body, lines))) == refused


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    return tmp_path


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def commit(folder: Path, name: str, lines: int, *message: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("line\n" * lines)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", *(word for part in message for word in ("-m", part)))


def check(folder: Path, *words: str) -> int:
    return main([*words, "--root", str(folder)])


def test_only_commits_of_this_branch_are_looked_at(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit(repository, "old", 300, "Before the rule")
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    commit(repository, "new", 300, "Add much", "Because of that.")
    assert check(repository) == 0
    commit(repository, "newer", 21, "Add more")
    assert check(repository) == 1
    assert "21 changed lines and no body that says why: Add more" in capsys.readouterr().err
    assert check(repository, "--since", "HEAD") == 0
    assert check(repository, "--since", "HEAD~2") == 1


def test_lock_files_need_no_reason(repository: Path) -> None:
    commit(repository, "one", 1, "Begin")
    commit(repository, "requirements/run.txt", 300, "Update a package")
    assert check(repository, "--since", "HEAD~1") == 0


def test_without_an_origin_the_rule_begins_where_it_came_to_be(repository: Path) -> None:
    commit(repository, "old", 300, "Before the rule")
    assert check(repository) == 0
    commit(repository, "scripts/check_commits.py", 100, "Refuse commits that tell too little")
    assert check(repository) == 0
    commit(repository, "new", 300, "Add much")
    assert check(repository) == 1


def test_a_checkout_without_history_has_nothing_to_refuse(tmp_path: Path, repository: Path) -> None:
    assert check(repository) == 0
    assert check(tmp_path / "nowhere") == 0
