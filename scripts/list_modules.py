"""Lists every package and module with the sentence in which it says what lives there: `make modules`."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "roomkeeper"


def told(path: Path) -> str:
    """The first paragraph of a module's docstring, on one line of a table."""
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return " ".join(docstring.partition("\n\n")[0].split()).replace("|", "\\|").replace("<", "&lt;")


def listing() -> str:
    """All of them, package by package, as Markdown."""
    return "\n".join(_package(path) for path in sorted(SOURCE.glob("*/__init__.py")))


def _package(first: Path) -> str:
    rows = "".join(f"| `{name}` | {told(path)} |\n" for name, path in _modules(first.parent))
    return f"## {first.parent.name}\n\n{told(first)}\n\n| module | what lives there |\n|---|---|\n{rows}"


def _modules(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder)
        if "migrations" in inside.parts or inside == Path("__init__.py"):
            continue
        parts = inside.parent.parts if path.name == "__init__.py" else inside.with_suffix("").parts
        yield ".".join(parts), path


if __name__ == "__main__":
    sys.stdout.write(listing())
