"""Refuses commits whose message tells too little: `check_commits.py [--since REVISION]`.

A subject has at most 72 characters. A commit of more than 20 changed lines says in its body why. Looked at are the
commits since REVISION; without it those that origin/main does not have, and where there is no origin/main those since
the commit in which this file came to be, which is the rule's beginning. A checkout without history has none to look at.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LONGEST_SUBJECT = 72
MOST_LINES = 20
# Worked out by tools: their lines need no reason of their own.
GENERATED = ("requirements/*.txt", "**/package-lock.json")


@dataclass(frozen=True, slots=True)
class Commit:
    """What is judged of a commit: `lines` counts those added and those removed."""

    name: str
    subject: str
    body: str
    lines: int


def faults(commit: Commit) -> list[str]:
    """What is wrong with its message, a sentence each."""
    found = []
    if len(commit.subject) > LONGEST_SUBJECT:
        length = f"the subject has {len(commit.subject)} characters, {LONGEST_SUBJECT} are the most"
        found.append(f"{commit.name}: {length}: {commit.subject}")
    if commit.lines > MOST_LINES and not commit.body.strip():
        found.append(
            f"{commit.name}: {commit.lines} changed lines and no body that says why: {commit.subject}"
        )
    return found


def commits_since(revisions: str, root: Path) -> Iterator[Commit]:
    """The commits of a range, merges left out. Raises `CalledProcessError` where git knows no such range."""
    for name in _git(root, "rev-list", "--no-merges", *revisions.split()).split():
        subject, _, body = _git(root, "show", "-s", "--format=%s%n%b", name).partition("\n")
        left_out = [f":(exclude,glob){pattern}" for pattern in GENERATED]
        counts = _git(root, "show", "--numstat", "--format=", name, "--", ".", *left_out)
        lines = sum(int(n) for row in counts.splitlines() for n in row.split("\t")[:2] if n.isdigit())
        yield Commit(name[:10], subject, body, lines)


def range_of(since: str, root: Path) -> str:
    """The revisions to look at, "" for none."""
    if since:
        return f"{since}..HEAD"
    if _knows(root, "origin/main"):
        return "origin/main..HEAD"
    if not _knows(root, "HEAD"):
        return ""
    here = str(Path(__file__).resolve().relative_to(ROOT))
    first = _git(root, "log", "--diff-filter=A", "--format=%H", "--", here).split()
    return f"{first[-1]}..HEAD" if first else ""


def _knows(root: Path, revision: str) -> bool:
    return not subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"],
        cwd=root,
        capture_output=True,
        check=False,
    ).returncode


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True).stdout


def main(words: Sequence[str]) -> int:
    """Print every fault; 1 where there are any."""
    parser = argparse.ArgumentParser(description="Refuse commits whose message tells too little.")
    parser.add_argument("--since", default="", help="Look at the commits after this one.")
    parser.add_argument("--root", type=Path, default=ROOT, help="The repository.")
    options = parser.parse_args(words)
    if not (options.root / ".git").exists():
        return 0
    revisions = range_of(options.since, options.root)
    found = (
        [fault for commit in commits_since(revisions, options.root) for fault in faults(commit)]
        if revisions
        else []
    )
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
