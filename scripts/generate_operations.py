"""Writes docs/reference/operations.md: what the declarations offer, who may, and what is noted.

Run it after changing a declaration; `make check` holds the page against them.
"""

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Final

os.environ.setdefault("ROOMKEEPER_DATA", tempfile.mkdtemp(prefix="roomkeeper-operations-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roomkeeper.settings.django")

import django

django.setup()

from roomkeeper.operations.acts import Act  # noqa: E402
from roomkeeper.operations.fields import Field  # noqa: E402
from roomkeeper.operations.filters import words_of  # noqa: E402
from roomkeeper.operations.lists import filter_names, sorts_of  # noqa: E402
from roomkeeper.operations.readings import Reading  # noqa: E402
from roomkeeper.operations.subjects import Subject, all_subjects, get_subject  # noqa: E402

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "reference" / "operations.md"
_HEAD: Final = """\
# Lists and acts

<!-- Written by scripts/generate_operations.py from the declarations; do not edit by hand. -->

What is listed and what is done, each said once (`surface.py` of each feature): pages, [REST API](rest-api.md) and
[command line](command-line.md) are derived from it. Every list takes `search`, `sort` (with `-` in front
descending), `limit` and `cursor`, its filters by name, and gives CSV for `Accept: text/csv`. Filters and sorts have
the same names in the address of the page. Every act is noted in the audit trail under the word given here, with the
route (page, api, cli) and the address it came from.
"""


def text() -> str:
    """The page."""
    shown = [subject for subject in all_subjects() if subject.has_api or not subject.has_pages]
    return "\n".join([_HEAD, *(section(subject) for subject in shown)])


def section(subject: Subject) -> str:
    """What the page tells of a subject."""
    lines = [f"## {subject.plural.capitalize()}", "", subject.meaning or f"One {subject.noun} each.", ""]
    if subject.has_api or subject.nested:
        lines += _list(subject)
    if subject.readings:
        lines += ["| told of one besides | REST | permission | takes |", "|---|---|---|---|"]
        lines += [_reading(subject, one) for one in subject.readings]
        lines.append("")
    if subject.acts:
        lines += ["| act | REST | command line | permission | takes | audit |", "|---|---|---|---|---|---|"]
        lines += [_act(subject, act) for act in subject.acts]
        lines.append("")
    return "\n".join(lines)


def _list(subject: Subject) -> list[str]:
    command = subject.typed
    filters = ", ".join(f"`{name}`" for name in sorted(filter_names(subject))) or "none"
    sorts = ", ".join(f"`{name}`" for name in sorted(sorts_of(subject)))
    where = f"`GET {subject.path}`, `GET {subject.path}/{{id}}`; `{command} list [FIELD=VALUE]...`, `{command} show N`"
    return [
        *([where, ""] if subject.has_api else []),
        *_of_one(subject),
        f"Filters: {filters}. Sorts: {sorts}; without one `{subject.order}`.",
        "",
        "| field | means |",
        "|---|---|",
        *(_field(one) for one in subject.fields if one.is_told or one.filter),
        "",
    ]


def _of_one(subject: Subject) -> list[str]:
    """Where those that belong to one object of another subject are listed."""
    if subject.nested is None:
        return []
    outer = get_subject(subject.nested.within)
    return [
        (
            f"Of one {outer.noun}: `GET {outer.path}/{{id}}/{subject.nested.at}`, "
            f"`{outer.typed} {subject.nested.at} N`."
            + (
                _each(subject, f"{outer.path}/{{id}}/{subject.nested.at}/{{id}}")
                if subject.nested.key
                else ""
            )
        ),
        "",
    ]


def _each(subject: Subject, path: str) -> str:
    """What is asked of one of them at its address there."""
    acts = [one for one in subject.acts if one.on == "one" and one.rest.is_derived]
    addresses = [f"`GET {path}`", *(f"`{one.rest.method} {path}{one.tail}`" for one in acts)]
    return f" Of one of these: {', '.join(addresses)}."


def _field(one: Field) -> str:
    words = words_of(one) if one.filter else ()
    values = ", ".join(f"`{key}`" for key, _ in words) if words and len(words) < 12 else ""
    told = "; ".join(part for part in (one.meaning.rstrip("."), values) if part)
    return f"| `{one.name}` | {told} |"


def _reading(subject: Subject, one: Reading) -> str:
    below = re.sub(r"\{int:(\w+)\}", r"{\1}", one.at)
    path = f"{subject.path}/{{id}}/{below}" if one.on == "one" else f"{subject.path}/{below}"
    takes = ", ".join(f"`{each.name}`" + ("" if each.is_required else "?") for each in one.takes) or "–"
    needed = one.needs or subject.needs
    return f"| {one.summary} | `GET {path}` | {needed.value} | {takes} |"


def _act(subject: Subject, act: Act) -> str:
    if not act.is_mounted or (act.on == "all" and not act.rest.is_derived):
        words = act.audit_word(subject.noun)
        return f"| {act.summary} | after a plan | – | {act.needs.value} | – | {words} |"
    path = (f"{subject.path}/{{id}}" if act.on == "one" else subject.path) + act.tail
    routes = f"`{act.rest.method} {path}`" + (f", `POST {subject.path}/{act.slug}`" if act.for_many else "")
    key = (" N..." if act.for_many else " N") if act.on == "one" else ""
    takes = ", ".join(f"`{one.name}`" + ("" if one.is_required else "?") for one in act.takes) or "–"
    command = subject.typed
    typed = f"{command} {act.command or act.slug}{key}"
    if subject.command_line.change and act.rest.method == "PATCH":
        changed = f"{command} {subject.command_line.change} N"
        typed = f"{typed}`, `{changed}" if act.for_many else changed
    return f"| {act.summary} | {routes} | `{typed}` | {act.needs.value} | {takes} | {act.audit_word(subject.noun)} |"


def main() -> int:
    """Write the page, or with --check say whether it is as it should be."""
    if "--check" in sys.argv:
        if PAGE.exists() and PAGE.read_text("utf-8") == text():
            return 0
        sys.stderr.write(f"{PAGE.relative_to(ROOT)} is out of date: run scripts/generate_operations.py.\n")
        return 1
    PAGE.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
