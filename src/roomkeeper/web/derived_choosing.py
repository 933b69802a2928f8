"""The rows that an act for many is done to: those that a list's form names, as far as somebody may do it to them."""

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import QuerySet
from django.http import QueryDict

from roomkeeper.accounts.actors import Actor
from roomkeeper.operations import lists
from roomkeeper.operations.acts import Act
from roomkeeper.operations.door import may
from roomkeeper.operations.subjects import Subject
from roomkeeper.web.access import number_of
from roomkeeper.web.acts import now as moment
from roomkeeper.web.derived_reading import read_list
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext

# What is done row by row inside one request.
AT_ONCE: Final = 2_000


def permitted_rows(subject: Subject, act: Act, actor: Actor, chosen: QueryDict) -> tuple[list[Any], str]:
    """Those of the chosen rows to which the act may be done, and a sentence on how many are left out.

    Raises ValueError, whose text is the sentence to show, where there is none or too many are chosen.
    """
    found = list(chosen_rows(subject, actor, chosen)[: AT_ONCE + 1])
    if len(found) > AT_ONCE:
        raise ValueError(_("At most {most} at once: narrow the list by a filter.", most=f"{AT_ONCE:,}"))
    rows = [row for row in found if may(subject, act, row, actor)]
    if not rows:
        plural, name = _(subject.plural), _(act.name)
        raise ValueError(
            _("Choose at least one of the {plural} that you may {act}.", plural=plural, act=name)
        )
    return rows, left_out_words(len(found), len(rows))


def left_out_words(chosen: int, permitted: int) -> str:
    """How many of the chosen are left out; empty where none is."""
    number = chosen - permitted
    if not number:
        return ""
    return ngettext(
        "1 of the {chosen} chosen is left out: you may not do this there.",
        "{number} of the {chosen} chosen are left out: you may not do this there.",
        number,
        number=f"{number:,}",
        chosen=f"{chosen:,}",
    )


def chosen_rows(subject: Subject, actor: Actor, chosen: QueryDict) -> QuerySet[Any]:
    """The rows that a form names: some by their ids, or `every` one of the list by its `filter`."""
    if chosen.get("every"):
        query = QueryDict(chosen.get("filter", "").removeprefix("?"))
        listed = read_list(subject, actor, query, moment())
        return lists.ordered(listed.rows, listed.order)
    order = lists.order_of(subject.model, subject.order, lists.sorts_of(subject))
    return lists.ordered(subject.rows(actor.grants).filter(pk__in=ids_of(chosen)), order)


def ids_of(chosen: QueryDict, *names: str) -> list[int]:
    """The ids that a form names, each in a field of its own (`row`, or another of these names) or all in one."""
    texts = [text for name in ("row", *names) for text in chosen.getlist(name)]
    texts += chosen.get("rows", "").split(",")
    return [key for text in texts if (key := number_of(text)) is not None][: AT_ONCE + 1]


def again(chosen: QueryDict, rows: Sequence[Any]) -> list[tuple[str, str]]:
    """The fields by which just these rows are chosen once more: a list may have changed when the answer comes. Too many
    for a form are chosen by their list."""
    kept = [("filter", chosen.get("filter", ""))] if "filter" in chosen else []
    if len(rows) > AT_ONCE:
        return [*kept, ("every", "1")]
    return [*kept, ("rows", ",".join(str(row.pk) for row in rows))]
