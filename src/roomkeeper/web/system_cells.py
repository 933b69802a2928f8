"""How the cells of the systems list look. Drawn in Python: a list has hundreds of them."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from roomkeeper.operations.fields import Field
from roomkeeper.operations.subjects import Subject
from roomkeeper.web.cells import CLASSES, KINDS, NOTHING, Context
from roomkeeper.web.templatetags import rk

_WIDEST: Final = 20


def _draws(kind: str, classes: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function of (row, its value, context) draw the cells of a kind."""

    def mark(draw: Callable[..., Any]) -> Callable[..., Any]:
        def cell(subject: Subject, one: Field, row: Any, context: Context) -> SafeString | str:
            found: SafeString | str = draw(row, one.value(row), context)
            return found

        KINDS[kind], CLASSES[kind] = cell, classes
        return draw

    return mark


@_draws("system_name", "name")
def _name(row: Any, value: str, context: Context) -> SafeString:
    is_beside = any(one.name == "tags" for one in context.get("columns", ()))
    tags = "" if is_beside else _tags(row, sorted(tag.name for tag in row.tags.all()), context)
    return format_html(
        '<a href="{}">{}</a>{}{}', reverse("system_page", args=[row.pk]), str(row), " " if tags else "", tags
    )


@_draws("tags", "tags")
def _tags(row: Any, value: list[str], context: Context) -> SafeString | str:
    return format_html_join(" ", '<a href="?tags={}">{}</a>', ((quote(tag), tag) for tag in value))


@_draws("alive")
def _alive(row: Any, value: str, context: Context) -> SafeString:
    found = rk.state("alive", value)
    if row.state == "managed":
        return found
    return format_html('{} <span class="text-secondary">{}</span>', found, rk.state("record", row.state))


@_draws("product")
def _product(row: Any, value: str, context: Context) -> SafeString | str:
    return _short(rk.short_product(value), value)


@_draws("software")
def _software(row: Any, value: str, context: Context) -> SafeString | str:
    return _short(rk.short_version(value), value)


def _short(shown: str, whole: str) -> SafeString | str:
    """What identifies it, in a narrow column; where that is too long for one, the whole is its title."""
    if len(shown) <= _WIDEST:
        return shown or NOTHING
    return format_html('<span title="{}">{}…</span>', whole, shown[: _WIDEST - 1])


@_draws("connectivity")
def _connectivity(row: Any, value: str | None, context: Context) -> SafeString:
    marks = (rk.padlock(row.connectivity_is_locked, "connectivity is locked"), rk.shield(row))
    parts = (rk.connectivity_short(value or ""), *(mark for mark in marks if mark))
    return format_html_join(" ", "{}", ((part,) for part in parts))


@_draws("in_call")
def _in_call(row: Any, value: bool, context: Context) -> SafeString | str:
    return rk.state("alive", "in_call") if value else NOTHING


@_draws("system_tickets", "amount")
def _tickets(row: Any, value: int, context: Context) -> SafeString | str:
    return format_html('<a href="{}?system={}">{}</a>', reverse("tickets"), row.pk, value) if value else "0"


@_draws("system_drift", "amount")
def _drift(row: Any, value: int, context: Context) -> SafeString | str:
    if not value:
        return "0"
    page = reverse("system_page", args=[row.pk])
    return format_html('<a href="{}settings/?show=drift">{}</a>', page, value)


@_draws("code", "value")
def _code(row: Any, value: str, context: Context) -> str:
    return value or NOTHING


@_draws("mac", "value")
def _mac(row: Any, value: str, context: Context) -> str:
    return rk.mac(value) or NOTHING
