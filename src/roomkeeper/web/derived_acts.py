"""One object of a declared subject with what can be done to it; and the acts: asked, done, told."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters

from roomkeeper.accounts.actors import Actor, Road
from roomkeeper.accounts.models import AuditEntry
from roomkeeper.accounts.permissions import needs
from roomkeeper.operations.acts import Act
from roomkeeper.operations.door import NotSeen, do, do_many, do_together, may
from roomkeeper.operations.subjects import Subject
from roomkeeper.operations.taking import TakenRefused, given_to, take_form
from roomkeeper.web.access import back_to
from roomkeeper.web.acts import Question, is_confirmed
from roomkeeper.web.acts import now as moment
from roomkeeper.web.cells import cell_of
from roomkeeper.web.derived_choosing import again, permitted_rows
from roomkeeper.web.derived_forms import ask_for, sent_by
from roomkeeper.web.derived_telling import Told, name_of, page_of, tell_once, tell_outcomes, with_link
from roomkeeper.words import gettext as _

HISTORY = 20


def actor_of(request: HttpRequest) -> Actor:
    """Who asks by a page."""
    return Actor(request.user, Road.PAGE, request.META.get("REMOTE_ADDR", ""))


def one_view(subject: Subject) -> Callable[..., HttpResponse]:
    """One object: its fields, what can be done now, and who did what to it, by whichever road."""

    @needs(subject.needs, anywhere=subject.anywhere)
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        actor, now = actor_of(request), moment()
        row = get_row(subject, actor, pk)
        context = {
            "subject": subject,
            "title": f"{_(subject.noun.capitalize())} {subject.label(row)}",
            "list_title": _(subject.pages.heading or subject.plural.capitalize()),
            "list_address": reverse(name_of(subject)),
            "row": row,
            "now": now,
            "facts": [
                (
                    _(one.heading),
                    cell_of(subject, one, row, {"now": now}),
                )
                for one in subject.fields
                if one.heading
            ],
            "acts": acts_for(subject, row, actor),
            "entries": history_of(subject, row),
        }
        return render(request, [f"{name_of(subject)}/one.html", "derived/one.html"], context)

    return view


def acts_for(subject: Subject, row: Any, actor: Actor) -> list[dict[str, Any]]:
    """The acts that make sense for the row now and that the actor may do, with their addresses."""
    return [
        {
            "act": act,
            "address": reverse(f"{name_of(subject)}_act", args=[row.pk, act.slug]),
            "button": _(act.button),
        }
        for act in subject.acts
        if act.is_mounted
        and act.page.is_asked
        and act.on == "one"
        and (act.offered is None or act.offered(row))
        and may(subject, act, row, actor)
    ]


def history_of(subject: Subject, row: Any) -> Sequence[AuditEntry]:
    """What was done to the object, by whichever road, newest first."""
    kind = str(subject.model._meta.verbose_name)
    return list(AuditEntry.objects.filter(object_kind=kind, object_id=row.pk).order_by("-id")[:HISTORY])


def get_row(subject: Subject, actor: Actor, pk: int) -> Any:
    """The object, prepared, if the actor sees it; else 404."""
    row = get_object_or_404(subject.rows(actor.grants), pk=pk)
    if subject.prepare is not None:
        subject.prepare([row], actor.grants, moment())
    return row


# Acts


def act_view(subject: Subject) -> Callable[..., HttpResponse]:
    """GET: the question of an act on one object. POST: do it."""

    @needs(subject.needs, anywhere=subject.anywhere)
    @sensitive_post_parameters()
    def view(request: HttpRequest, pk: int, act: str) -> HttpResponse:
        actor = actor_of(request)
        found = _act_of(subject, act, "one")
        row = get_row(subject, actor, pk)
        if not may(subject, found, row, actor):
            raise PermissionDenied(
                _("You may not {act} here. Ask an administrator for a role.", act=_(found.needs.value))
            )
        there = _back(subject, row, found)
        address = reverse(f"{name_of(subject)}_act", args=[pk, found.slug])
        question = _question(found, {"row": row, "noun": subject.noun}, address, there, [row])
        if request.method != "POST":
            return ask_for(request, subject, found, question, actor, row=row)
        if not is_confirmed(request, question):
            return HttpResponseRedirect(there)
        if found.page.is_looked_at and request.POST.get("step") != "confirm":
            return _look(request, subject, found, question, actor, row=row)
        errors, told, made = _do(request, subject, found, row, actor)
        if errors and found.takes:
            return ask_for(request, subject, found, question, actor, row=row, errors=errors)
        if told:
            return tell_once(request, found, told, there)
        begun = subject.begun_by(found)
        if made is not None and begun is not None and begun.page and not found.page.tab:
            return HttpResponseRedirect(page_of(begun, made))
        gone = found.rest.answers == "nothing" or not subject.rows(actor.grants).filter(pk=pk).exists()
        return back_to(request, reverse(name_of(subject)) if gone else there)

    return view


def many_view(subject: Subject) -> Callable[..., HttpResponse]:
    """An act on the rows that were chosen in the list, or on the whole subject: asked first, then done to each."""

    @needs(subject.needs, anywhere=subject.anywhere)
    @sensitive_post_parameters()
    def view(request: HttpRequest, act: str) -> HttpResponse:
        actor, there = actor_of(request), reverse(name_of(subject))
        found = _act_of(subject, act, "")
        address = reverse(f"{name_of(subject)}_do_many", args=[found.slug])
        if found.on == "all":
            if not may(subject, found, None, actor):
                raise PermissionDenied(
                    _("You may not {act}. Ask an administrator for a role.", act=_(found.needs.value))
                )
            question = _question(found, {"noun": subject.noun}, address, there)
            if request.method != "POST":
                return ask_for(request, subject, found, question, actor)
            if is_confirmed(request, question):
                errors, told, made = _do(request, subject, found, None, actor)
                if errors and found.takes:
                    return ask_for(request, subject, found, question, actor, errors=errors)
                if told:
                    return tell_once(request, found, told, there)
                if made is not None and found.page.tab:
                    return HttpResponseRedirect(_back(subject, made, found))
            return back_to(request, there)
        if found.owner is None and not actor.grants.may_anywhere(found.needs):
            raise PermissionDenied(
                _("You may not {act}. Ask an administrator for a role.", act=_(found.needs.value))
            )
        chosen = request.POST if request.method == "POST" else request.GET
        there += words if (words := chosen.get("filter", "")).startswith("?") else ""
        try:
            rows, left_out = permitted_rows(subject, found, actor, chosen)
        except ValueError as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(there)
        if request.method == "GET" and len(rows) == 1 and any(one.is_own for one in found.takes):
            # What each of many has for itself is asked of one.
            alone = reverse(f"{name_of(subject)}_act", args=[rows[0].pk, found.slug])
            return HttpResponseRedirect(f"{alone}?{urlencode({'next': there})}")
        named = {"row": rows[0], "noun": subject.noun, "count": len(rows), "plural": subject.plural}
        question = _many_question(subject, found, named, rows, address, there, chosen, left_out)
        if request.method == "POST" and chosen.get("step") == "look":
            return _look(request, subject, found, question, actor, many=rows)
        if request.method != "POST" or chosen.get("step") != "confirm":
            return ask_for(request, subject, found, question, actor, many=rows)
        if is_confirmed(request, question):
            now = moment()
            try:
                taken = take_form(subject, found, sent_by(request))
                if found.is_together:
                    there = _do_together(request, subject, found, rows, actor, taken, there)
                    return HttpResponseRedirect(there)
                own = {row.pk: _own(subject, found, row, request.POST) for row in rows}
                done = list(do_many(subject, found, rows, actor=actor, now=now, taken=taken, own=own))
            except ValueError as refusal:
                errors = _errors_of(request, found, refusal)
                if found.takes:
                    return ask_for(request, subject, found, question, actor, many=rows, errors=errors)
            except NotSeen as error:
                raise Http404 from error
            else:
                tell_outcomes(request, subject, found, done, now)
        return back_to(request, there)

    return view


def _do_together(
    request: HttpRequest,
    subject: Subject,
    act: Act,
    rows: list[Any],
    actor: Actor,
    taken: Mapping[str, Any],
    back: str,
) -> str:
    """Do it for all of them at once; where to go on: to what was begun."""
    now = moment()
    made, done = do_together(subject, act, rows, actor=actor, now=now, taken=taken)
    tell_outcomes(request, subject, act, [one for one in done if not one.is_done], now)
    begun = subject.begun_by(act)
    return page_of(begun, made) if made is not None and begun is not None and begun.page else back


def _own(subject: Subject, act: Act, row: Any, sent: QueryDict) -> dict[str, Any]:
    """What one of many takes for itself, as the form sends it: `source-17`."""
    mine = [one for one in given_to(act) if one.is_own]
    taken = take_form(subject, act, lambda name: sent.getlist(f"{name}-{row.pk}")) if mine else {}
    return {one.name: taken[one.name] for one in mine if one.name in taken}


def _do(
    request: HttpRequest, subject: Subject, act: Act, row: Any, actor: Actor
) -> tuple[dict[str, str], Told | None, Any]:
    """Do it and say what became of it: what is wrong, by the name of the input ("" for none of them), what is told
    this once, and what it made."""
    try:
        taken = take_form(subject, act, sent_by(request))
        result = do(subject, act, row, actor=actor, now=moment(), taken=taken)
    except NotSeen as error:
        raise Http404 from error
    except ValueError as refusal:
        return _errors_of(request, act, refusal), None, None
    made = result[0] if act.tells else result
    done = _(act.done, row=row if row is not None else made)
    once = {one.name: one.value(result[1]) for one in act.tells if one.heading}
    if any(value is not None for value in once.values()):
        return {}, (done, once), made
    if done:
        begun = subject.begun_by(act)
        messages.success(request, with_link(begun, made, done) if begun is not None else done)
    return {}, None, made


def _look(
    request: HttpRequest, subject: Subject, act: Act, question: Question, actor: Actor, **rows: Any
) -> HttpResponse:
    """The question once more, with what was given and what would become of it."""
    try:
        taken = take_form(subject, act, sent_by(request))
        return ask_for(request, subject, act, question, actor, taken=taken, **rows)
    except ValueError as refusal:
        errors = _errors_of(request, act, refusal)
        return ask_for(request, subject, act, question, actor, errors=errors, **rows)


def _errors_of(request: HttpRequest, act: Act, refusal: ValueError) -> dict[str, str]:
    """What is wrong by the name of the input ("" for none of them), which is told; raises what is no refusal."""
    if not isinstance(refusal, (TakenRefused, *act.refused)):
        raise refusal
    errors = getattr(refusal, "errors", None) or {getattr(refusal, "field", ""): str(refusal)}
    is_beside = bool(act.takes) and errors.keys() <= {one.name for one in act.takes if one.is_asked}
    messages.error(
        request, _("Nothing was saved: see the field marked below.") if is_beside else str(refusal)
    )
    return errors


def tried(
    request: HttpRequest, subject: Subject, act: Act, row: Any, taken: Mapping[str, Any], done: str
) -> tuple[Any, ...]:
    """Do an act whose question is written by hand, by the same door; what the service gives back, alone in a tuple that
    is empty where it was refused, which becomes a message."""
    try:
        result = do(subject, act, row, actor=actor_of(request), now=moment(), taken=taken)
    except NotSeen as error:
        raise Http404 from error
    except act.refused as refusal:
        messages.error(request, str(refusal))
        return ()
    if done:
        # It is finished: a name in it may hold braces.
        messages.success(request, _(done))
    return (result,)


def _act_of(subject: Subject, slug: str, on: str) -> Act:
    try:
        found = subject.act(slug)
    except KeyError as error:
        raise Http404 from error
    if (
        not found.is_mounted
        or not found.page.is_asked
        or (on and found.on != on)
        or (not on and found.on == "one" and not found.for_many)
    ):
        raise Http404
    return found


def _question(act: Act, words: dict[str, Any], address: str, back: str, rows: Sequence[Any] = ()) -> Question:
    return Question(
        _(act.title, **words) or f"{_(act.name.capitalize())}: {_(words['noun'])}?",
        _(act.what, **words),
        _(act.undo, **words),
        _(act.button or act.name.capitalize()),
        address,
        back,
        is_dangerous=act.is_dangerous,
        word=act.word.format(**words),
        warning=act.warns(rows, moment()) if act.warns is not None else "",
    )


def _many_question(
    subject: Subject,
    act: Act,
    words: dict[str, Any],
    rows: list[Any],
    address: str,
    back: str,
    chosen: QueryDict,
    left_out: str,
) -> Question:
    named = ", ".join(subject.label(row) for row in rows[:5])
    more = _(" and {count} more", count=len(rows) - 5) if len(rows) > 5 else ""
    what = "" if "{row" in act.what else _(act.what, **words)
    noun, plural = subject.counted or (subject.noun, subject.plural)
    return Question(
        f"{_(act.button or act.name.capitalize())}: {len(rows)} {_(noun if len(rows) == 1 else plural)}?",
        " ".join(part for part in (f"{named}{more}.", left_out, what) if part),
        _(act.undo, **words),
        _(act.button or act.name.capitalize()),
        address,
        back,
        is_dangerous=act.is_dangerous,
        word=str(len(rows)) if act.word else "",
        warning=act.warns(rows, moment()) if act.warns is not None else "",
        fields=tuple(again(chosen, rows)),
    )


def _back(subject: Subject, row: Any, act: Act) -> str:
    if subject.page:
        return page_of(subject, row) + (f"{act.page.tab}/" if act.page.tab else "")
    return reverse(name_of(subject))
