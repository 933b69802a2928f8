"""What is asked of people before an act, and whether they confirmed it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from roomkeeper.words import gettext as _


def now() -> datetime:
    """The moment of this request."""
    return timezone.now()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before an act: what will happen, to how many, can it be undone; what has to be known first.

    Without a button it cannot be done.
    """

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
    takes_file: bool = False


def ask(request: HttpRequest, question: Question, extra: str = "", **context: Any) -> HttpResponse:
    """The question as a dialog (for htmx) or as a page. `extra` is a template with further fields of its form."""
    template = "frame/question.html" if request.headers.get("HX-Request") else "frame/confirm_page.html"
    return render(request, template, {"question": question, "extra": extra, **context})


def is_confirmed(request: HttpRequest, question: Question) -> bool:
    """Whether the word that the question wants was typed."""
    if question.word and request.POST.get("word", "").strip() != question.word:
        messages.error(request, _("Nothing was done: type {word} to confirm.", word=question.word))
        return False
    return True
