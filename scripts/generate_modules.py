"""Writes docs/reference/modules.md from the first sentences of packages and modules (`--check` only compares)."""

import ast
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "roomkeeper"
PAGE = ROOT / "docs" / "reference" / "modules.md"
HEAD = """# Modules

What lives where, in the words of each module. `ARCHITECTURE.md`, the map of the code, says how they belong
together. This page is written by `scripts/generate_modules.py`; change the module instead.
"""


def told(path: Path) -> str:
    """The first paragraph of a module's docstring, on one line of a table."""
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return " ".join(docstring.partition("\n\n")[0].split()).replace("|", "\\|").replace("<", "&lt;")


def page() -> str:
    """The page as it should be."""
    return HEAD + "".join(_package(path) for path in sorted(SOURCE.glob("*/__init__.py")))


def _package(first: Path) -> str:
    rows = "".join(f"| `{name}` | {told(path)} |\n" for name, path in _modules(first.parent))
    return f"\n## {first.parent.name}\n\n{told(first)}\n\n| module | what lives there |\n|---|---|\n{rows}"


def _modules(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder)
        if "migrations" in inside.parts or inside == Path("__init__.py"):
            continue
        parts = inside.parent.parts if path.name == "__init__.py" else inside.with_suffix("").parts
        yield ".".join(parts), path


def main(words: Sequence[str]) -> int:
    """Write the page, or with --check say whether it is as it should be."""
    if "--check" not in words:
        PAGE.write_text(page(), "utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text("utf-8") == page():
        return 0
    sys.stderr.write(
        "docs/reference/modules.md is not what the modules say: run scripts/generate_modules.py\n"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
