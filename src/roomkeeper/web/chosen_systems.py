"""The systems of an act on one or many: chosen by number, or all that the list's filter lets through."""

from datetime import datetime
from typing import Any, Final

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
from roomkeeper.web.derived_choosing import again, ids_of, left_out_words
from roomkeeper.web.derived_reading import read_list
from roomkeeper.words import gettext as _

SHOWN: Final = 100


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


def chosen_of(request: HttpRequest, permission: Permission, most: int) -> list[System]:
    """The systems that a form names, as far as this may be done to them; none where there are too many.

    What it comes to is told. What is asked about just these is done to just these: a list may change meanwhile.
    """
    rows = chosen_rows(request, source_of(request), moment())
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


def chosen_context(request: HttpRequest, chosen: list[System]) -> dict[str, Any]:
    """What `systems/chosen.html` shows of them, and the fields by which just these are chosen again."""
    return {
        "chosen": chosen[:SHOWN],
        "count": len(chosen),
        "more": max(len(chosen) - SHOWN, 0),
        "fields": again(source_of(request), chosen),
        "back": list_address(request),
    }
