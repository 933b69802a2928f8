"""The systems of an act on one or many: chosen by number, or all that the list's filter lets through."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.operations.lists import ListRefused, ordered
from roomkeeper.systems.models import System
from roomkeeper.web.access import grants, visible_systems
from roomkeeper.web.acts import now as moment
from roomkeeper.web.derived_acts import actor_of
from roomkeeper.web.derived_choosing import AT_ONCE, again, ids_of, left_out_words
from roomkeeper.web.derived_reading import read_list
from roomkeeper.words import gettext as _


@dataclass(frozen=True, slots=True)
class Chosen:
    """The systems, the form's fields by which they are chosen again, and where to go back to."""

    systems: list[System]
    fields: list[tuple[str, str]]
    back: str

    @property
    def only(self) -> System | None:
        """The one that it is, where it is one."""
        return self.systems[0] if len(self.systems) == 1 else None


def chosen_rows(request: HttpRequest, source: QueryDict, now: datetime) -> QuerySet[System]:
    """The systems that a form names, as far as she may see them; none where its filter is none, which is told."""
    if source.get("every"):
        return filtered_rows(request, source.get("filter", ""), now)
    return visible_systems(request).filter(pk__in=ids_of(source, "system")).order_by("name", "id")


def filtered_rows(request: HttpRequest, words: str, now: datetime) -> QuerySet[System]:
    """The systems that the query of the list's address lets through, in its order; as above where it is none."""
    try:
        listed = read_list(SYSTEMS, actor_of(request), QueryDict(words.removeprefix("?")), now)
    except ListRefused as refusal:
        messages.error(request, str(refusal))
        return System.objects.none()
    return ordered(listed.rows, listed.order)


def source_of(request: HttpRequest) -> QueryDict:
    """The fields by which a form was asked for, or sent."""
    return request.POST if request.method == "POST" else request.GET


def find_chosen(request: HttpRequest, permission: Permission) -> Chosen | None:
    """Those of the chosen systems on which this may be done; None where there is none or too many, which is told, as is
    how many are left out. What is asked about just these is done to just these: a list may change meanwhile."""
    source = source_of(request)
    rows = chosen_rows(request, source, moment())
    systems = permitted_of(request, rows, permission, AT_ONCE)
    if not systems:
        return None
    return Chosen(systems, again(source, systems), _back(request, systems))


def permitted_of(
    request: HttpRequest, rows: QuerySet[System], permission: Permission, most: int
) -> list[System]:
    """Those of the rows on which somebody has the permission; none where there are too many. What it comes to is
    told."""
    number = rows.count()
    if number > most:
        messages.error(
            request, _("At most {most:,} systems at once: narrow the list with a filter.", most=most)
        )
        return []
    found = list(rows.filter(grants(request).folders(permission)).select_related("folder", "contact"))
    if not found:
        messages.error(request, _("You may not do this to any of the chosen systems."))
    elif request.method != "POST" and (words := left_out_words(number, len(found))):
        messages.warning(request, words)
    return found


def list_address(request: HttpRequest) -> str:
    """The list of systems, filtered as the form says."""
    words = source_of(request).get("filter", "")
    return reverse("systems") + (words if words.startswith("?") else "")


def _back(request: HttpRequest, systems: list[System]) -> str:
    """One that was not chosen in the list stands on its own page."""
    source = source_of(request)
    if len(systems) == 1 and not source.get("filter") and not source.get("every"):
        return reverse("system_page", args=[systems[0].pk])
    return list_address(request)
