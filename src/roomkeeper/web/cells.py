"""How the cells of derived tables look: a kind of cell, or a template of its own."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from django.template.loader import get_template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import words_of
from roomkeeper.operations.subjects import Subject
from roomkeeper.web.templatetags import rk
from roomkeeper.words import gettext as _

Context = Mapping[str, Any]
NOTHING = "–"
# Cells of a list are as narrow as what stands in them, but for those of texts; these have a look of their own.
CLASSES = {"amount": "amount", "value": "value wraps"}
_TEXTS = frozenset({"text", "link", "system"})


def classes_of(one: Field) -> str:
    """The classes of the cells of a column. What a template of its own draws may be long, and wraps."""
    is_text = one.wraps or one.cell in _TEXTS or one.cell.endswith(".html")
    return "device-text" if is_text else CLASSES.get(one.cell, "")


def cells_of(subject: Subject, columns: Iterable[Field], row: Any, context: Context) -> SafeString:
    """The cells of a row of a list. They need no end tags, and a list has hundreds of them."""
    return format_html_join(
        "",
        "<td{}>{}",
        ((_attribute(classes_of(one)), cell_of(subject, one, row, context)) for one in columns),
    )


@cache
def _attribute(classes: str) -> SafeString | str:
    return format_html(' class="{}"', classes) if classes else ""


def cell_of(subject: Subject, one: Field, row: Any, context: Context) -> SafeString | str:
    """A cell as it stands in the table. What devices said is text and nothing else."""
    if one.cell.endswith(".html"):
        return get_template(one.cell).render(
            {**context, "row": row, "value": one.value(row), "field": one.name}
        )
    return KINDS[one.cell](subject, one, row, context)


def _text(subject: Subject, one: Field, row: Any, context: Context) -> SafeString | str:
    value = one.value(row)
    if isinstance(value, list | tuple):
        value = ", ".join(str(part) for part in value)
    return NOTHING if value in (None, "") else str(value)


def _word(subject: Subject, one: Field, row: Any, context: Context) -> str:
    value = one.value(row)
    named = dict(words_of(one)).get(str(value))
    return NOTHING if value in (None, "") else _(named or str(value).replace("_", " "))


def _yes(subject: Subject, one: Field, row: Any, context: Context) -> str:
    return _("yes") if one.value(row) else NOTHING


def _amount(subject: Subject, one: Field, row: Any, context: Context) -> str:
    value = one.value(row)
    return NOTHING if value is None else f"{value:,}"


def _when(subject: Subject, one: Field, row: Any, context: Context) -> SafeString | str:
    return rk.when(dict(context), one.value(row))


def _state(kind: str) -> "Drawn":
    """Draws where something of that kind stands."""
    return lambda subject, one, row, context: rk.state(kind, one.value(row))


def _by(subject: Subject, one: Field, row: Any, context: Context) -> str:
    """Who asked for it."""
    return str(one.value(row) or _("server"))


def _link(subject: Subject, one: Field, row: Any, context: Context) -> SafeString | str:
    """Leads to the object's own page."""
    words = one.value(row)
    if not subject.page:
        return str(words)
    return format_html('<a href="{}">{}</a>', reverse(subject.page, args=[row.pk]), words or NOTHING)


def _system(subject: Subject, one: Field, row: Any, context: Context) -> SafeString:
    """Leads to the system that the row is about."""
    if row.system_id is None:
        return format_html('<span class="text-secondary">{}</span>', _("this server"))
    return format_html(
        '<a href="{}">{}</a>', reverse("system_page", args=[row.system_id]), one.value(row) or row.system
    )


Drawn = Callable[[Subject, Field, Any, Context], SafeString | str]
KINDS: dict[str, Drawn] = {
    "text": _text,
    "value": _text,
    "word": _word,
    "yes": _yes,
    "amount": _amount,
    "when": _when,
    "link": _link,
    "key": _link,
    "fit": _text,
    "by": _by,
    "system": _system,
    **{kind: _state(kind) for kind in ("level", "delivery", "move")},
}
