"""Saying what became of an act, with a link to where what it began is followed; and the addresses of subjects."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html

from roomkeeper.operations.acts import Act
from roomkeeper.operations.door import Outcome
from roomkeeper.operations.subjects import Subject
from roomkeeper.web.templatetags.rk import stamp
from roomkeeper.words import gettext as _

# What was done, and the values told this once.
Told = tuple[str, dict[str, Any]]
REFUSALS_SHOWN = 5


def page_of(subject: Subject, row: Any) -> str:
    """The address of the row's own page."""
    return reverse(subject.page, args=subject.pages.keys(row) if subject.pages.keys else [row.pk])


def name_of(subject: Subject) -> str:
    """Its name in the names of its addresses."""
    return subject.plural.replace(" ", "_").replace("-", "_")


def tell_once(request: HttpRequest, act: Act, told: Told, back: str) -> HttpResponse:
    """A page with what is told this once, which no message keeps."""
    done, values = told
    shown = [
        (one.name, _(one.heading), values[one.name]) for one in act.tells if values.get(one.name) is not None
    ]
    meaning = " ".join(_(one.meaning) for one in act.tells)
    return render(
        request, "derived/told.html", {"done": done, "told": shown, "meaning": meaning, "back": back}
    )


def with_link(subject: Subject, row: Any, words: str) -> str:
    """The words, and where what was begun is followed."""
    if not subject.page:
        return words
    return format_html(
        '{} <a href="{}">{}</a>.', words, page_of(subject, row), _("Follow the {noun}", noun=_(subject.noun))
    )


def tell_outcomes(
    request: HttpRequest, subject: Subject, act: Act, outcomes: Sequence[Outcome], asked_at: datetime
) -> None:
    """Say of how many of several it was done and where that is followed, and of the others why not."""
    done = sum(one.is_done for one in outcomes)
    if done and len(outcomes) == 1:
        messages.success(request, _("Done."))
    elif done:
        _noun, plural = subject.counted or (subject.noun, subject.plural)
        words = _(
            "{act}: done for {done} of {count} {plural}.",
            act=_(act.button or act.name.capitalize()),
            done=done,
            count=len(outcomes),
            plural=_(plural),
        )
        messages.success(request, _with_list(subject.begun_by(act), asked_at, words))
    refused = [one for one in outcomes if not one.is_done]
    for one in refused[:REFUSALS_SHOWN]:
        messages.error(request, f"{one.label}: {one.refusal}")
    if len(refused) > REFUSALS_SHOWN:
        messages.error(request, _("{count} more were refused.", count=len(refused) - REFUSALS_SHOWN))


def _with_list(begun: Subject | None, asked_at: datetime, words: str) -> str:
    """The words, and the list of what was begun since."""
    if begun is None or not begun.has_pages:
        return words
    plural = _("Follow the {plural}", plural=_(begun.plural))
    return format_html('{} <a href="{}">{}</a>.', words, list_of_begun(begun, asked_at), plural)


def list_of_begun(begun: Subject, asked_at: datetime) -> str:
    """The address of the list of what was begun since."""
    since = urlencode({"created_after": stamp(asked_at - timedelta(seconds=1))})
    return f"{reverse(name_of(begun))}?{since}"
