"""Saved views of lists: private or shared, and the one with which a list begins."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from django.db import IntegrityError, transaction

from roomkeeper.accounts.models import ListHabit, SavedView
from roomkeeper.accounts.person import Person, find_account
from roomkeeper.operations.filters import read_filters
from roomkeeper.operations.lists import ListRefused, check_sort, sorts_of
from roomkeeper.operations.subjects import get_subject
from roomkeeper.words import gettext as _

QUERY_LIMIT = 4_000


class ViewRefused(ValueError):
    """The view cannot be stored like that, as a sentence for people."""


class ViewUnusable(ViewRefused):
    """A value of the view is none; `field` holds which."""

    status = 422

    def __init__(self, sentence: str, field: str, *, hint: str = "") -> None:
        super().__init__(sentence)
        self.field, self.hint = field, hint


def create(
    *,
    user: Person,
    now: datetime,
    name: str,
    of_list: str,
    query: str,
    columns: Sequence[str],
    is_shared: bool,
) -> SavedView:
    """Store a list under a name. Raises `ViewRefused`."""
    view = SavedView(user=find_account(user), of_list=of_list, is_shared=is_shared)
    return _store(view, name=name, query=query, columns=columns)


def change(row: SavedView, *, user: Person, now: datetime, **changed: Any) -> None:
    """Change what is given. Raises `ViewRefused`."""
    row.is_shared = changed.get("is_shared", row.is_shared)
    values = {name: changed.get(name, getattr(row, name)) for name in ("name", "query", "columns")}
    _store(row, **values)


def _store(view: SavedView, *, name: str, query: str, columns: Sequence[str]) -> SavedView:
    _check(view.of_list, query, columns)
    view.name, view.query, view.columns = name, query.removeprefix("?"), list(columns)
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise ViewRefused(
            _("You have a view of this list with the name {name} already.", name=name)
        ) from error
    return view


def _check(of_list: str, query: str, columns: Sequence[str]) -> None:
    try:
        subject = get_subject(of_list)
    except KeyError as error:
        raise ViewUnusable(_("There is no list {of_list!r}.", of_list=of_list), "of_list") from error
    given = parse_qs(query.removeprefix("?"))
    given.pop("view", None)
    given.pop("tab", None)
    try:
        read_filters(subject, given)
        if sort := given.get("sort"):
            check_sort(sort[-1], sorts_of(subject))
    except ListRefused as error:
        raise ViewUnusable(str(error), "query", hint=error.hint) from error
    unknown = [name for name in columns if name not in subject.by_name]
    if unknown:
        raise ViewUnusable(_("There is no column {unknown!r} in this list.", unknown=unknown[0]), "columns")


def begin_with(row: SavedView, *, user: Person, now: datetime) -> None:
    """Let the list begin with this view for this person."""
    ListHabit.objects.update_or_create(
        user=find_account(user), of_list=row.of_list, defaults={"first_view": row}
    )


def begin_without(row: SavedView, *, user: Person, now: datetime) -> None:
    """Let the list begin as everybody has it, if it began with this view."""
    ListHabit.objects.filter(user=find_account(user), first_view=row).update(first_view=None)


def delete(row: SavedView, *, user: Person, now: datetime) -> None:
    """Forget the view; lists that began with it begin as everybody has them."""
    row.delete()
