"""Collects every text that people read, for translators: calls of `roomkeeper.words`, templates and declarations.

`make messages` writes `.make/django.pot`, merges it into the catalogues that are there
(`locale/<language>/LC_MESSAGES/django.po`) and compiles them, by GNU gettext. `--check` only looks, and refuses texts
that no translator could use.
"""

import ast
import os
import re
import shutil
import string
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

os.environ.setdefault("ROOMKEEPER_DATA", tempfile.mkdtemp(prefix="roomkeeper-messages-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roomkeeper.settings.django")

import django

django.setup()
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from django.template import Node, engines  # noqa: E402
from django.templatetags.i18n import BlockTranslateNode  # noqa: E402
from scripts import declared_messages  # noqa: E402

from roomkeeper import words  # noqa: E402

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCE: Final = ROOT / "src" / "roomkeeper"
CATALOGUE: Final = ROOT / ".make" / "django.pot"
_QUOTED: Final = re.compile(r"""_\((?:"([^"]+)"|'([^']+)')\)""")
_TRANSLATE: Final = re.compile(r"""\{%\s*translate\s+(?:"([^"]+)"|'([^']+)')""")
_FIRST: Final = {"_": 1, "gettext": 1, "ngettext": 2, "noop": 1}
# Arguments that are translated by who is called: words of the audit trail and of the
# timeline (keys, until pages show them), and titles.
_ARGUMENT: Final = {
    "record": 2, "attempt": 1, "NotFound": 0, "NotSeen": 0, "ApiProblem": 2, "fail": 0, "CheckResult": 0,
    "add": 1, "add_many": 1, "note": 1,
}  # fmt: skip


@dataclass
class Message:
    """A text, its form for several where there is one, and where it stands."""

    text: str
    plural: str = ""
    places: set[str] = field(default_factory=set)

    @property
    def figures(self) -> set[str]:
        """The values that are put in."""
        return figures_of(self.text) | figures_of(self.plural)


def figures_of(text: str) -> set[str]:
    """The names in braces, or of `%(name)s`, that a text has; none where braces are text."""
    try:
        parsed = list(string.Formatter().parse(text))
    except ValueError:
        parsed = []
    return {name for _text, name, _spec, _conversion in parsed if name} | set(
        re.findall(r"%\((\w+)\)s", text)
    )


def collect() -> list[Message]:
    """Everything, sorted by text."""
    found: dict[str, Message] = {}
    for text, plural, place in (*_of_source(), *_of_templates(), *_of_declarations()):
        one = found.setdefault(text, Message(text))
        one.plural = one.plural or plural
        one.places.add(place)
    return [found[text] for text in sorted(found)]


def _of_source() -> Iterator[tuple[str, str, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        if "migrations" in path.parts or path.is_relative_to(SOURCE / "virtual"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            place = f"{path.relative_to(ROOT)}:{node.lineno}"
            name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
            for word in node.args[_ARGUMENT[name] :][:1] if name in _ARGUMENT else ():
                if isinstance(word, ast.Constant) and isinstance(word.value, str):
                    yield word.value, "", place
            number = _FIRST.get(name, 0)
            texts = [
                one.value
                for one in node.args[:number]
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            ]
            if texts and len(texts) == number:
                yield texts[0], texts[1] if number == 2 else "", place


def _of_templates() -> Iterator[tuple[str, str, str]]:
    engine = engines["django"]
    for path in sorted((SOURCE / "web" / "templates").rglob("*.html")):
        place = str(path.relative_to(ROOT))
        raw = path.read_text("utf-8")
        for pattern in (_QUOTED, _TRANSLATE):
            yield from ((double or single, "", place) for double, single in pattern.findall(raw))
        for node in _blocks(engine.from_string(raw).template.nodelist):
            yield node.render_token_list(node.singular)[0], _plural(node), place


def _blocks(nodes: "list[Node] | object") -> Iterator[BlockTranslateNode]:
    return iter(nodes.get_nodes_by_type(BlockTranslateNode))  # type: ignore[attr-defined]


def _plural(node: BlockTranslateNode) -> str:
    return node.render_token_list(node.plural)[0] if node.plural else ""


def _of_declarations() -> Iterator[tuple[str, str, str]]:
    for place, texts in declared_messages.collect().items():
        yield from ((text, "", place) for text in texts if text)


def pot(messages: list[Message]) -> str:
    """The catalogue without translations."""
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
    return "\n".join([head, *(_entry(one) for one in messages)])


def _entry(one: Message) -> str:
    lines = [f"#: {place}" for place in sorted(one.places)[:5]]
    if one.figures:
        lines.append("#, python-format" if "%(" in one.text else "#, python-brace-format")
    lines.append(f"msgid {_quoted(one.text)}")
    if one.plural:
        lines += [f"msgid_plural {_quoted(one.plural)}", 'msgstr[0] ""', 'msgstr[1] ""']
    else:
        lines.append('msgstr ""')
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def faults(messages: list[Message]) -> list[str]:
    """Texts that cannot be translated: with values that have no name, or that begin or end with a line break."""
    found = []
    for one in messages:
        if "{}" in one.text or "%s" in one.text.replace("%%s", ""):
            found.append(f"{one.text!r}: a value has no name")
        if one.text != one.text.strip("\n"):
            found.append(f"{one.text!r}: begins or ends with a line break")
    return found


def merge() -> None:
    """Bring the catalogues that are there up to date, and compile them."""
    tools = {name: shutil.which(name) for name in ("msgmerge", "msgfmt")}
    for path in sorted(words.FOLDER.glob("*/LC_MESSAGES/django.po")):
        if not all(tools.values()):
            raise SystemExit("GNU gettext (msgmerge, msgfmt) is needed to bring catalogues up to date.")
        subprocess.run(
            [str(tools["msgmerge"]), "--quiet", "--update", "--backup=none", path, CATALOGUE], check=True
        )
        subprocess.run([str(tools["msgfmt"]), "--check", "-o", path.with_suffix(".mo"), path], check=True)


def main() -> None:
    """Write the catalogue, or with `--check` only look."""
    messages = collect()
    if found := faults(messages):
        raise SystemExit("\n".join(found))
    if "--check" not in sys.argv:
        CATALOGUE.parent.mkdir(exist_ok=True)
        CATALOGUE.write_text(pot(messages), "utf-8")
        merge()
        sys.stdout.write(f"{len(messages)} texts in {CATALOGUE.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
