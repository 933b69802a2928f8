"""Choosing the systems of a bulk act: by their ids, or by the filters of the systems list."""

from collections.abc import Sequence
from typing import Any, Self

from django.utils import timezone
from ninja import Schema
from pydantic import Field, model_validator

from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, demand, grants_of
from roomkeeper.api.derived_lists import asked_of, read_filter
from roomkeeper.api.paging import list_refusals
from roomkeeper.api.problems import Invalid, NotFound
from roomkeeper.api.reach import Identifier, systems_by_id
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.operations import lists
from roomkeeper.systems.models import State, System
from roomkeeper.words import gettext as _

_LISTED_PROBLEMS = 100


class SystemChoice(Schema, extra="forbid"):
    """The systems meant: `systems` or `filter`, one of the two."""

    systems: list[Identifier] | None = Field(None, max_length=20_000)
    filter: dict[str, Any] | None = Field(
        None,
        description="Filters of `GET systems` by name; {} is every managed system. "
        "Only managed systems are chosen, and only where you may do this.",
    )

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.systems is None) == (self.filter is None):
            raise ValueError(_("give either `systems` or `filter`"))
        return self


def choose(user: User, choice: SystemChoice, permission: Permission) -> list[int]:
    """The ids meant: as listed (each is checked by the act), or the managed ones that the filter finds."""
    if choice.systems is not None:
        return list(dict.fromkeys(choice.systems))
    asked = asked_of(read_filter(SYSTEMS, choice.filter or {}))
    with list_refusals():
        rows = lists.select(SYSTEMS, grants_of(user), asked, now=timezone.now())
    rows = rows.filter(grants_of(user).folders(permission), state=State.MANAGED)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def choose_seen(user: User, choice: SystemChoice, permissions: Sequence[Permission]) -> list[System]:
    """The systems meant, managed or not, with the first of the permissions; raises `NotFound` for one that is not
    seen."""
    wanted = choose(user, choice, permissions[0])
    found = systems_by_id(user, wanted)
    for key in wanted:
        if key not in found:
            raise NotFound("system", key)
    return list(found.values())


def choose_managed(user: User, choice: SystemChoice, permissions: Sequence[Permission]) -> list[System]:
    """The systems meant, all managed, with all these permissions on each; raises `Invalid` naming the others."""
    wanted = choose(user, choice, permissions[0])
    if not wanted:
        field = "body.filter" if choice.filter is not None else "body.systems"
        raise Invalid(_("No system is chosen."), errors=[(field, _("finds no managed system"))])
    found = systems_by_id(user, wanted)
    errors = []
    for place, key in enumerate(wanted):
        system = found.get(key)
        if system is None:
            errors.append((f"body.systems.{place}", _("there is no system {key} that you can see", key=key)))
        elif system.state != State.MANAGED:
            errors.append(
                (
                    f"body.systems.{place}",
                    _("{system} is {state}, not managed", system=system, state=system.state),
                )
            )
        else:
            for permission in permissions:
                demand(user, permission, system.folder.path)
    if errors:
        raise Invalid(
            _("Some systems cannot be chosen; nothing was recorded."),
            errors=errors[:_LISTED_PROBLEMS],
            hint=_("Leave them out, or choose by `filter`."),
        )
    return [found[key] for key in wanted]
