"""Acts of people: confirm, do, note in the audit trail, say what became of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from roomkeeper.accounts import audit
from roomkeeper.words import gettext as _


def now() -> datetime:
    """The moment of this request."""
    return timezone.now()


def attempt(
    request: HttpRequest,
    act: str,
    subject: Any,
    deed: Callable[[], Any],
    done: str | Callable[[], str],
    **details: Any,
) -> bool:
    """Do the deed and note it, in one transaction; a refusal of the service becomes a message. True if done.

    `done` is what is said afterwards, or works it out then: a deed may change a name.
    """
    key = getattr(subject, "pk", None)
    try:
        with transaction.atomic():
            deed()
            audit.record(request.user, "page", act, subject, key, **details)
    except ValueError as refusal:
        messages.error(request, str(refusal))
        return False
    sentence = done if isinstance(done, str) else done()
    if sentence:
        messages.success(request, sentence)
    return True


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before an act: what will happen, to how many, can it be undone; and what has to be known first."""

    title: str
    what: str
    undo: str
    button: str
    address: str
    back: str
    is_dangerous: bool = False
    word: str = ""
    fields: tuple[tuple[str, str], ...] = field(default=())
    warning: str = ""


def ask(request: HttpRequest, question: Question, extra: str = "", **context: Any) -> HttpResponse:
    """The question as a dialog (for htmx) or as a page. `extra` is a template with further fields of its form."""
    template = "frame/confirm_dialog.html" if request.headers.get("HX-Request") else "frame/confirm_page.html"
    return render(request, template, {"question": question, "extra": extra, **context})


def is_confirmed(request: HttpRequest, question: Question) -> bool:
    """Whether the word that the question wants was typed."""
    if question.word and request.POST.get("word", "").strip() != question.word:
        messages.error(request, _("Nothing was done: type {word} to confirm.", word=question.word))
        return False
    return True
