"""English as a native administrator writes it: words that stand in no text for people, and what is said instead."""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCE: Final = ROOT / "src" / "roomkeeper"

# What a text does not say, and what it says.
NOT_BUT: Final = {
    r"\bwish(es|ed)?\b": "requested value; remove the request",
    r"\bsets? back\b|\bsetting back\b": "restore, restored automatically",
    r"\bhand(s|ed|ing)? over\b": "sent",
    r"\bperhaps\b": "(the protocol does not acknowledge it)",
    r"\b(keep|kept) (it )?so\b|\bno longer so\b": "make it persistent, stop enforcing",
    r"\b(takes?|taking|taken|took) (it )?up\b(?! to\b)": "acknowledge, resume",
    r"(?<!there )\bis no (?!longer\b|more\b|better\b|worse\b)\w+": "is not a",
    r"\bby nobody\b|\bby itself\b|\bby themselves\b": "automatically",
    r"\bdo nothing\b": "Cancel",
    r"\bclaims? to be it\b(?! without)|\bsa(ys|id) to be\b": "posts that claim to be this system",
    r"\bwhat (becomes|became|has become) of\b|\bwhat would become of\b": "outcome",
    r"\b(is|are|was|were|be) held\b|^held\b|\bheld systems\b": "on hold",
    r"\broads?\b": "route; source in the audit trail",
    r"(?-i:\bLife\b)": "Alive",
    r"\bannounce[sd]?\b|\bannouncing\b|\bawaited\b": "pre-register, pre-registered",
    r"\bthat of its posts\b": "the address it posts from",
    r"\bwhoever\b": "anyone who, systems that",
    r"\bso already\b": "already set",
}
PATTERNS: Final = {re.compile(found, re.IGNORECASE | re.MULTILINE): said for found, said in NOT_BUT.items()}

# File, phrase, and why the phrase is right there. One that is not found any more is refused.
EXCEPTIONS: Final = (
    (
        "src/roomkeeper/diagnosis/record.py",
        "says to be a system without proving it",
        "rows of older releases say it; it is compared and not shown",
    ),
)


def texts() -> Iterator[tuple[str, str]]:
    """Every text that people read, with the file in which it stands."""
    for path in sorted(SOURCE.rglob("*.py")):
        if not {"migrations", "virtual"} & set(path.relative_to(SOURCE).parts):
            yield from ((_name(path), text) for text in _of_python(path))
    for path in sorted(SOURCE.rglob("*.html")):
        yield _name(path), _of_template(path.read_text("utf-8"))
    for path in sorted(SOURCE.rglob("*.toml")):
        if "virtual" not in path.parts:
            yield from ((_name(path), text) for text in _strings(tomllib.loads(path.read_text("utf-8"))))
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        if "adr" not in path.parts:
            yield _name(path), _of_markdown(path.read_text("utf-8"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _of_python(path: Path) -> Iterator[str]:
    """Literals that are sentences; docstrings only where they become descriptions of the API or help of a command."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {
        id(node.body[0].value): isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
    }
    shown = bool({"api", "cli"} & set(path.relative_to(SOURCE).parts[:1]))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            is_shown = docstrings.get(id(node))
            if (" " in node.value.strip() and is_shown is None) or (is_shown and shown):
                yield " ".join(node.value.split())


def _of_template(text: str) -> str:
    """What is between the marks, and the texts that marks carry."""
    tags = r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}"
    defaults = re.findall(r'\|default:"([^"]*)"', text)
    marks = re.sub(tags, "\n", text, flags=re.DOTALL)
    carried = re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', marks)
    return "\n".join([re.sub(r"<[^>]*>", "\n", marks), *defaults, *carried])


def _of_markdown(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`|\]\([^)]*\)", "", text, flags=re.DOTALL)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(part)


def refused(found: Iterable[tuple[str, str]]) -> tuple[list[str], set[tuple[str, str]]]:
    """What is said as it should not be, and the exceptions that were needed."""
    faults, used = [], set()
    for name, text in found:
        for pattern, instead in PATTERNS.items():
            for match in pattern.finditer(text):
                around = " ".join(text[max(0, match.start() - 40) : match.end() + 40].split())
                allowed = {
                    (file, phrase) for file, phrase, _ in EXCEPTIONS if file == name and phrase in around
                }
                used |= allowed
                if not allowed:
                    faults.append(f"{name}: {around!r}: {instead}")
    return faults, used


def test_texts_for_people_are_in_plain_english() -> None:
    faults, used = refused(texts())
    assert faults == []
    assert [phrase for file, phrase, _ in EXCEPTIONS if (file, phrase) not in used] == []


def test_a_word_of_the_list_is_found_wherever_it_stands() -> None:
    pages = _of_template('<a title="Do nothing">x</a>{% if held %}Claims to be it{% endif %}')
    for text in ("Take the wish back.", "It is no number.", "The job closes by itself.", pages):
        assert refused([("scratch", text)])[0], text
    for text in ("There is no folder.", "At most ten take up to 4 kB.", _of_markdown("The filter `road`.")):
        assert not refused([("scratch", text)])[0], text
