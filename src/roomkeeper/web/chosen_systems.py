"""The systems of an act on one or many: chosen by number, or all that the list's filter lets through."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.operations.lists import ListRefused, ordered
from roomkeeper.systems.models import System
from roomkeeper.web.access import grants, number_of, visible_systems
from roomkeeper.web.acts import now as moment
from roomkeeper.web.derived_acts import actor_of
from roomkeeper.web.derived_reading import read_list

# What is done system by system inside one request.
ONE_BY_ONE_LIMIT: Final = 2_000
_NAMED: Final = 1_000


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
    given = (number_of(text) for name in ("system", "row") for text in source.getlist(name))
    keys = [key for key in given if key is not None][:_NAMED]
    return visible_systems(request).filter(pk__in=keys).order_by("name", "id")


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
    """Those of the chosen systems on which this may be done; None where there is none or too many, which is told."""
    source = source_of(request)
    words = source.get("filter", "")
    rows = chosen_rows(request, source, moment())
    permitted = rows.filter(grants(request).folders(permission)).select_related("folder")
    systems = list(permitted[: ONE_BY_ONE_LIMIT + 1])
    if not systems:
        messages.error(request, "You may not do this to any of the chosen systems.")
        return None
    if len(systems) > ONE_BY_ONE_LIMIT:
        messages.error(
            request, f"At most {ONE_BY_ONE_LIMIT:,} systems at once: narrow the list with a filter."
        )
        return None
    if source.get("every"):
        fields = [("filter", words), ("every", "1")]
    else:
        fields = [("filter", words), *(("system", str(system.pk)) for system in systems)]
    return Chosen(systems, fields, _back(request, systems))


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


def do_each(
    systems: Iterable[System], deed: Callable[[System], object], refusals: type[ValueError] = ValueError
) -> tuple[int, list[str]]:
    """Do it to each by itself, in a transaction of its own: how often it was done, and the refusals."""
    done, refused = 0, []
    for system in systems:
        try:
            with transaction.atomic():
                deed(system)
            done += 1
        except refusals as refusal:
            refused.append(str(refusal))
    return done, refused


def tell(request: HttpRequest, done: int, words: str, refused: list[str]) -> None:
    """Say of how many systems it was asked, and why of others it was not; `words` with {0} for "N systems"."""
    if done:
        messages.success(request, words.format(f"{done} system{'s' if done > 1 else ''}"))
    for sentence in refused[:5]:
        messages.error(request, sentence)
    if len(refused) > 5:
        messages.error(request, f"and {len(refused) - 5} others were refused.")
