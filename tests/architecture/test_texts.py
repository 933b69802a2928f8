"""Texts for people go through gettext (ADR 0010): in Python by `roomkeeper.words`, in HTML by its tags."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCE: Final = ROOT / "src" / "roomkeeper"
# Said by the endpoints that we play, and steps that were taken long ago.
NOT_OURS: Final = {"virtual", "migrations"}
THROUGH: Final = {"_", "ngettext", "noop"}
# What a developer reads: a fault of the code or of a family's manifest, not of what somebody asked for.
FOR_DEVELOPERS: Final = {
    "TypeError", "RuntimeError", "KeyError", "AssertionError", "NotImplementedError", "AttributeError",
    "ManifestError", "UnknownKind", "ImproperlyConfigured",
}  # fmt: skip
DEVELOPERS_FILES: Final = {
    "api/application.py", "api/health.py", "operations/subjects.py", "operations/taking.py",
    "devices/manifest.py", "devices/registry.py", "devices/table.py", "systems/ticket_kinds.py",
    "provisioning/states.py", "fleet/figures.py",
}  # fmt: skip
# Declarations hold plain literals, which the engine shows through gettext; what OpenAPI says is not translated.
DECLARED: Final = re.compile(
    r"_?[A-Za-z]*(Field|Input|Act|Subject|Tab|Variant|Option|Argument|Typer|_option|mount|create_model)"
)
# What else OpenAPI says.
OPENAPI: Final = {("api/derived_begun.py", "The outcome for each, in the order of the request.")}
LOGS: Final = {"log", "logger", "logging"}
# What is translated by who is called: the title of a problem, the kind of what there is not.
TITLES: Final = {"ApiProblem": 2, "NotFound": 0, "NotSeen": 0, "fail": 0}
SAID_AT: Final = {"fail", "confirm", "echo", "Question", "ItemOutcome"}
LETTERS: Final = re.compile(r"[A-Za-z]{2,}")
SHOWN: Final = ("title", "aria-label", "placeholder", "alt")
# Names and signs that are alike in every language.
ALIKE: Final = {
    "Roomkeeper", "HTTPS", "HTTP", "TLS", "MAC", "CSV", "SNMP", "URL", "IP", "Esc", "PEM", "DHCP", "TMS", "Auto",
}  # fmt: skip


def sources() -> list[Path]:
    return [
        path for path in sorted(SOURCE.rglob("*.py")) if not NOT_OURS & set(path.relative_to(SOURCE).parts)
    ]


def text_of(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return ""


def is_said(text: str) -> bool:
    """Whether it has more than one word."""
    return " " in text.strip() and LETTERS.search(text) is not None


def is_sentence(text: str) -> bool:
    """Whether a literal can only be something that people read."""
    if "<" in text or re.match(r"[A-Z]{3,} ", text):
        return False
    return re.match(r"[A-Z{].* .* .*[.?!]$", text, re.DOTALL) is not None


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


class Outside(ast.NodeVisitor):
    """Collects texts that do not go through gettext: sentences in functions, and whatever is refused or told."""

    def __init__(self) -> None:
        self.found: list[tuple[int, str]] = []
        self._depth = 0

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        self._depth += 1
        for part in node.body if isinstance(node.body, list) else [node.body]:
            self.visit(part)
        self._depth -= 1

    visit_FunctionDef = _function  # noqa: N815
    visit_AsyncFunctionDef = _function  # noqa: N815
    visit_Lambda = _function  # noqa: N815

    def visit_Expr(self, node: ast.Expr) -> None:
        if not text_of(node.value):
            self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        if isinstance(node.exc, ast.Call) and name_of(node.exc) not in FOR_DEVELOPERS:
            self._look(node.exc)
            self.generic_visit(node.exc)

    def visit_Call(self, node: ast.Call) -> None:
        name, first = name_of(node), ast.unparse(node.func).split(".")[0]
        if name in THROUGH or DECLARED.fullmatch(name) or first in LOGS:
            return
        if first == "messages" or name in SAID_AT:
            self._look(node)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if self._depth and is_sentence(text_of(node)):
            self.found.append((node.lineno, text_of(node)))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        if self._depth and is_sentence(text_of(node)) and LETTERS.search(text_of(node)):
            self.found.append((node.lineno, text_of(node)))

    def _look(self, call: ast.Call) -> None:
        title = TITLES.get(name_of(call), -1) if len(call.args) > 1 else -1
        self.found += [
            (one.lineno, text_of(one))
            for place, one in enumerate(call.args)
            if is_said(text_of(one)) and place != title
        ]


def outside(source: str) -> list[tuple[int, str]]:
    """The texts of a module that do not go through gettext, with their lines."""
    looking = Outside()
    looking.visit(ast.parse(source))
    return sorted(set(looking.found))


class Template(HTMLParser):
    """Collects the words of a template's HTML, and of the texts that its marks carry."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._quiet: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if (
            tag in ("script", "style", "pre", "code", "kbd")
            or "value" in (dict(attrs).get("class") or "").split()
        ):
            self._quiet.append(tag)
        self.texts += [given for name, given in attrs if name in SHOWN and given]

    def handle_endtag(self, tag: str) -> None:
        if self._quiet and self._quiet[-1] == tag:
            self._quiet.pop()

    def handle_data(self, data: str) -> None:
        if not self._quiet:
            self.texts.append(data)


def words_of(template: str) -> list[str]:
    """What a template says outside of translate and blocktranslate."""
    rest = re.sub(r"\{% blocktranslate.*?endblocktranslate %\}|\{#.*?#\}", " ", template, flags=re.DOTALL)
    defaults = re.findall(r'\|(?:default|default_if_none|yesno):"([^"]*)"', rest)
    looking = Template()
    looking.feed(re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", rest, flags=re.DOTALL))
    return [text.strip() for text in (*looking.texts, *defaults) if is_wordy(text)]


def is_wordy(text: str) -> bool:
    """Whether a text holds words, beside names, addresses and numbers."""
    if re.search(r'[\w-]+="|xCommand [A-Z]|xConfiguration [A-Z]', text):
        return False
    rest = re.sub(r"\S*(example\.|[.:/=@]\w)\S*|\S*\d\S*", " ", text)
    return any(word not in ALIKE for word in LETTERS.findall(rest))


def test_sentences_of_the_code_go_through_gettext() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text[:100]}"
        for path in sources()
        if str(path.relative_to(SOURCE)) not in DEVELOPERS_FILES
        for line, text in outside(path.read_text("utf-8"))
        if (str(path.relative_to(SOURCE)), text) not in OPENAPI
    ]
    assert found == []


def test_texts_of_pages_go_through_gettext() -> None:
    folder = SOURCE / "web" / "templates"
    found = [
        f"{path.relative_to(folder)}: {text[:100]}"
        for path in sorted(folder.rglob("*.html"))
        for text in words_of(path.read_text("utf-8"))
    ]
    assert found == []


def test_a_text_outside_of_gettext_is_found() -> None:
    said = 'def f():\n raise Refused("it is full")\n messages.error(request, f"{n} left")\n return "It is so now."\n'
    assert [line for line, _text in outside(said)] == [2, 3, 4]
    assert outside(said.replace('"it', '_("it').replace('full"', 'full")').replace('f"{n} left"', "x")) == [
        (4, "It is so now.")
    ]
    page = (
        '<p title="Close it">{% if a %}{{ b|default:"none" }}{% endif %} Open <code>xConfiguration</code></p>'
    )
    assert words_of(page) == ["Close it", "Open", "none"]
    assert (
        words_of(
            '<p>{% translate "Open" %} {% blocktranslate %}a {{ b }}{% endblocktranslate %} 10.1.2.3</p>'
        )
        == []
    )
