"""How somebody wants a derived list: the columns chosen last, saved views, and the view that it begins with."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse

from roomkeeper.accounts.actors import Actor
from roomkeeper.accounts.models import ListHabit, SavedView
from roomkeeper.operations.fields import Field
from roomkeeper.operations.subjects import Subject
from roomkeeper.web.access import number_of
from roomkeeper.web.derived_bars import flat

SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Habits:
    """What somebody has chosen for a list, and the views that she may choose."""

    first_view: int | None
    columns: list[str]
    open_folders: list[int] | None
    views: list[SavedView]

    def view(self, key: int | None) -> SavedView | None:
        """The view with that id, where she may choose it."""
        return next((one for one in self.views if one.pk == key), None)


def habits_of(subject: Subject, actor: Actor) -> Habits:
    """Read them, by two statements."""
    key = {"user": actor.grants.user_id, "of_list": subject.plural}
    found = ListHabit.objects.filter(**key).first()
    mine = Q(user=actor.grants.user_id) | Q(is_shared=True)
    views = list(SavedView.objects.filter(mine, of_list=subject.plural).order_by("name", "pk")[:SHOWN])
    if found is None:
        return Habits(None, [], None, views)
    return Habits(found.first_view_id, found.columns, found.open_folders, views)


def begin_at(query: QueryDict, habits: Habits) -> str | None:
    """The address to go on to: that of the view that is asked for, or that this person's list begins with."""
    key = (
        habits.first_view
        if not query
        else number_of(query.get("view", ""))
        if set(query) == {"view"}
        else None
    )
    view = habits.view(key)
    return address_of(view) if view is not None and (view.query or not query) else None


def address_of(view: SavedView) -> str:
    """The query of the view's address."""
    return "?" + "&".join(part for part in (view.query, urlencode({"view": view.pk})) if part)


def columns_of(query: QueryDict, subject: Subject, actor: Actor, habits: Habits) -> list[Field]:
    """The columns that the address names, which are kept for this person; else those of the view, or kept before, or
    the usual ones. The first stays whatever is chosen."""
    headed = [one for one in subject.fields if one.heading]
    asked = [name for name in query.getlist("column") if name in subject.by_name]
    view = habits.view(number_of(query.get("view", "")))
    if asked and asked != habits.columns:
        key: dict[str, Any] = {"user": actor.user, "of_list": subject.plural}
        ListHabit.objects.update_or_create(**key, defaults={"columns": asked})
    elif not asked:
        asked = view.columns if view is not None and view.columns else habits.columns
    chosen = [one for one in headed if one.name in asked]
    if not chosen:
        return [one for one in headed if one.is_shown]
    return chosen if headed[0] in chosen else [headed[0], *chosen]


def shown(query: QueryDict, subject: Subject, columns: list[Field], habits: Habits) -> dict[str, Any]:
    """The views that can be chosen, and the address by which this one is saved."""
    here = habits.view(number_of(query.get("view", "")))
    kept = flat(query, without={"page", "column", "view", "format", "filters"})
    given = [
        ("of_list", subject.plural),
        ("query", urlencode(kept)),
        *(("columns", one.name) for one in columns),
        ("next", f"/{subject.pages_path}/?{urlencode(kept)}"),
    ]
    address = reverse("saved_views_do_many", args=["create"])
    return {
        "views": [(view, address_of(view), view is here) for view in habits.views],
        "view": here,
        "save_view": f"{address}?{urlencode(given)}",
    }
