"""Saved views as people and programs see them."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Q

from roomkeeper.accounts.models import ListHabit, SavedView
from roomkeeper.accounts.permissions import ROOT_PATH, Grants, Permission
from roomkeeper.operations.acts import Act, Input, Rest
from roomkeeper.operations.fields import Field
from roomkeeper.operations.subjects import CommandLine, Pages, Subject, register
from roomkeeper.operations.taking import Text
from roomkeeper.people import saved_views
from roomkeeper.people.saved_views import QUERY_LIMIT, ViewRefused


def _seen_by(grants: Grants) -> Q:
    """One's own and those that are shared; what stands in the list is for whom may see it there."""
    return Q(user=grants.user_id) | Q(is_shared=True)


def _prepare(rows: list[Any], grants: Grants, now: datetime) -> None:
    firsts = set(
        ListHabit.objects.filter(user=grants.user_id, first_view__in=rows).values_list(
            "first_view", flat=True
        )
    )
    for row in rows:
        row.is_first = row.pk in firsts


_REFUSED = (ViewRefused,)
_NAME = Input(name="name", type=Text, least=1, most=100, label="Name")
_QUERY = Input(
    name="query",
    default="",
    most=QUERY_LIMIT,
    meaning="As in the address of the page: alive=no&sort=-last_seen_at.",
    from_address=True,
)
_COLUMNS = Input(
    name="columns",
    type=list[str],
    default=(),
    most=100,
    meaning="Names of fields; without any the list has its usual columns.",
    from_address=True,
)
_SHARED = Input(
    name="is_shared",
    type=bool,
    default=False,
    meaning="Everybody may choose it; it shows nobody more than she may see.",
    label="Share it with everybody",
)

SAVED_VIEWS = register(
    Subject(
        noun="saved view",
        plural="saved views",
        model=SavedView,
        meaning="A list under a name: its filters, its sort and its columns.",
        seen_by=_seen_by,
        place=lambda row: ROOT_PATH,
        needs=Permission.OWN_ACCOUNT,
        anywhere=False,
        order="name",
        search=("name",),
        related=("user",),
        prepare=_prepare,
        command_line=CommandLine(named_by="name"),
        pages=Pages(
            help="systems",
            empty="No view is saved. Choose filters and columns in a list, then Views, Save this view.",
        ),
        fields=(
            Field(name="id", type=int),
            Field(name="name", type=str, filter="one", heading="Name", cell="saved_views/cell_name.html"),
            Field(name="of_list", type=str, filter="one", heading="List"),
            Field(name="query", type=str, sort="", heading="Filters"),
            Field(name="columns", type=list[str], sort=""),
            Field(name="is_shared", type=bool, filter="one", heading="Shared", cell="yes"),
            Field(name="owner", type=str, at="user__username", filter="one", heading="By"),
            Field(
                name="is_first",
                type=bool,
                meaning="Whether your list begins with it.",
                read=lambda row: row.is_first,
                heading="Begins",
                cell="yes",
            ),
        ),
        acts=(
            Act(
                name="create",
                command="add",
                on="all",
                needs=Permission.OWN_ACCOUNT,
                run=saved_views.create,
                refused=_REFUSED,
                summary="Save a list under a name.",
                title="Save this view",
                what="Its filters, its sort and its columns.",
                undo="Delete it at any time.",
                button="Save a view",
                done="{row.name} is saved.",
                takes=(
                    _NAME,
                    Input(
                        name="of_list", label="List", meaning="As in systems or tickets.", from_address=True
                    ),
                    _QUERY,
                    _COLUMNS,
                    _SHARED,
                ),
            ),
            Act(
                name="change",
                needs=Permission.MANAGE_PEOPLE,
                owner=lambda row: row.user_id,
                run=saved_views.change,
                refused=_REFUSED,
                summary="Change a saved view.",
                title="Change {row.name}",
                undo="Change it back at any time.",
                button="Change",
                done="{row.name} is changed.",
                rest=Rest(method="PATCH"),
                takes=(replace(_NAME, default=""), _QUERY, _COLUMNS, _SHARED),
            ),
            Act(
                name="begin with",
                needs=Permission.OWN_ACCOUNT,
                run=saved_views.begin_with,
                summary="Let your list begin with it.",
                title="Begin with {row.name}?",
                what="The list begins with this view for you.",
                undo="Choose another, or begin without, at any time.",
                button="Begin with it",
                done="The list begins with {row.name} now.",
            ),
            Act(
                name="begin without",
                needs=Permission.OWN_ACCOUNT,
                run=saved_views.begin_without,
                summary="Let your list begin as everybody has it.",
                title="Begin without {row.name}?",
                undo="Begin with it again at any time.",
                button="Begin without it",
                done="The list begins as everybody has it.",
            ),
            Act(
                name="delete",
                needs=Permission.MANAGE_PEOPLE,
                owner=lambda row: row.user_id,
                run=saved_views.delete,
                summary="Delete a saved view.",
                title="Delete {row.name}?",
                undo="It cannot be undone; save it again.",
                button="Delete",
                done="{row.name} is deleted.",
                for_many=True,
                rest=Rest(method="DELETE", answers="nothing"),
            ),
        ),
    )
)
