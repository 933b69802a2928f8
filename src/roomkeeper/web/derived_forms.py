"""The question of a declared act with what it takes: prefilled, what was typed kept, errors beside their fields."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, QueryDict

from roomkeeper.accounts.actors import Actor
from roomkeeper.operations import lists
from roomkeeper.operations.acts import Act, Input
from roomkeeper.operations.subjects import Subject, get_subject
from roomkeeper.operations.taking import given_to, is_flag, is_many, lines_of
from roomkeeper.web.acts import Question, ask
from roomkeeper.web.acts import now as moment
from roomkeeper.web.derived_plans import plan_of
from roomkeeper.words import gettext as _

# More than that nobody chooses from a list.
CHOICES_SHOWN: Final = 1000
FILE_LIMIT: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class ShownInput:
    """An input as the form shows it."""

    one: Input
    label: str
    value: Any
    error: str
    options: tuple[tuple[str, str], ...]
    is_flag: bool
    is_many: bool
    is_hidden: bool = False
    lines: "tuple[tuple[ShownInput, ...], ...]" = ()


def ask_for(
    request: HttpRequest,
    subject: Subject,
    act: Act,
    question: Question,
    actor: Actor,
    *,
    row: Any = None,
    many: Sequence[Any] = (),
    errors: Mapping[str, str] | None = None,
    taken: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """The question about a row, or the `many` chosen; with `errors` once more, as it was answered; with what was
    `taken` once more to be looked at. Raises the act's own refusals of that."""
    sent = request.GET if errors is None and taken is None else request.POST
    names = {name for variant in act.page.variants for name in variant.given}
    given = {name: sent[name] for name in names if name in sent}
    known = given if row is None else {one.name: one.value(row) for one in subject.fields if one.is_told}
    takes = [
        one
        for one in given_to(act)
        if one.is_asked
        and one.name not in given
        and (one.when is None or one.when(known))
        and not (many and one.is_own)
    ]
    rows = many or ([] if row is None else [row])
    warning, plan = question.warning, None
    try:
        plan = plan_of(subject, act, rows, actor, taken or {})
    except act.refused as refusal:
        if taken is not None:
            raise
        warning = str(refusal)
    is_first = act.page.is_looked_at and taken is None
    fields = [("step", "look" if is_first else "confirm"), *question.fields, *given.items()]
    if "next" in sent:
        fields.append(("next", sent["next"]))
    if taken is not None:
        values = sent_by(request)
        fields += [(one.name, text) for one in takes for text in values(one.name)]
    asked = replace(
        question,
        fields=tuple(fields),
        warning=warning,
        button="" if plan is not None and not plan.able else _("Look at it") if is_first else question.button,
        takes_file=any(one.is_file for one in takes),
    )
    shown = act.page.shows(rows, moment()) if act.page.shows is not None else {}
    inputs = [] if taken is not None else inputs_of(subject, act, takes, actor, sent, errors, row)
    extra = act.page.form or ("derived/inputs.html" if inputs else "")
    answer = ask(request, asked, extra, inputs=inputs, row=row, many=many, plan=plan, **shown)
    answer.status_code = 422 if errors else 200
    return answer


def sent_by(request: HttpRequest) -> Callable[[str], Sequence[str]]:
    """What a form sent, by the name of the input; what is in a file stands for what may be pasted beside it."""

    def values(name: str) -> Sequence[str]:
        upload = request.FILES.get(name)
        if upload is None:
            return request.POST.getlist(name)
        upload.seek(0)
        return [upload.read(FILE_LIMIT).decode("utf-8", "replace")]

    return values


def inputs_of(
    subject: Subject,
    act: Act,
    takes: Sequence[Input],
    actor: Actor,
    sent: QueryDict,
    errors: Mapping[str, str] | None = None,
    row: Any = None,
) -> list[ShownInput]:
    """Some of what the act takes, as `derived/inputs.html` shows it."""
    return [_shown(subject, act, one, row, actor, sent, errors) for one in takes]


def _shown(
    subject: Subject,
    act: Act,
    one: Input,
    row: Any,
    actor: Actor,
    sent: QueryDict,
    errors: Mapping[str, str] | None,
) -> ShownInput:
    options = _options(act, one, actor) if one.refers else _told(one.choices)
    if one.refers and not one.is_required and not is_many(one.type):
        options = (("", "–"), *options)
    value = _value(subject, act, one, row, sent, is_answered=errors is not None)
    return ShownInput(
        one,
        _(one.label or one.name.replace("_", " ").capitalize()),
        _as_shown(one, value, has_options=bool(options)),
        (errors or {}).get(one.name, ""),
        options,
        is_flag(one.type) and not one.choices,
        is_many(one.type) and not one.is_line,
        one.from_address and one.name in sent,
        _lines(act, one, value, actor) if one.parts else (),
    )


def _told(choices: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((value, _(word)) for value, word in choices)


def _value(subject: Subject, act: Act, one: Input, row: Any, sent: QueryDict, *, is_answered: bool) -> Any:
    """What stands in the field: what was typed or stands in the address, else what is there where it is changed, else
    the default."""
    if one.is_secret:
        return ""
    if one.parts and is_answered:
        return lines_of(one, sent.getlist)
    if is_answered or one.name in sent:
        texts = sent.getlist(one.name)
        return texts if is_many(one.type) else (texts or [""])[-1]
    if one.prefill is not None and (row is not None or act.on == "all"):
        return one.prefill(row)
    if act.rest.method in ("PATCH", "PUT") and row is not None and one.name in subject.by_name:
        return subject.by_name[one.name].value(row)
    return "" if one.is_required else one.default


def _as_shown(one: Input, value: Any, *, has_options: bool) -> Any:
    if isinstance(value, list | tuple):
        texts = [str(part) for part in value]
        return texts if has_options else (", " if one.is_line else "\n").join(texts)
    return "" if value is None else value if isinstance(value, bool) else str(value)


def _lines(act: Act, one: Input, value: Any, actor: Actor) -> tuple[tuple[ShownInput, ...], ...]:
    """A line of fields for each of the objects that are there, and an empty one."""
    options = {
        part.name: _options(act, part, actor) if part.refers else _told(part.choices) for part in one.parts
    }
    first = one.parts[0].name
    options[first] = (("", _("none")), *options[first])

    def told(line: Any, name: str) -> str:
        return str((line.get(name, "") if isinstance(line, dict) else getattr(line, name)) or "")

    return tuple(
        tuple(
            ShownInput(
                replace(part, name=f"{one.name}.{part.name}"),
                _(part.label),
                told(line, part.name),
                "",
                options[part.name],
                is_flag=False,
                is_many=False,
            )
            for part in one.parts
        )
        for line in (*(value or ()), {})
    )


def _options(act: Act, one: Input, actor: Actor) -> tuple[tuple[str, str], ...]:
    """The objects that may be chosen: those that she sees, and on which she may do it."""
    other = get_subject(one.refers)
    order = lists.order_of(other.model, other.order, lists.sorts_of(other))
    rows = [
        row
        for row in lists.ordered(other.rows(actor.grants), order)[:CHOICES_SHOWN]
        if actor.grants.may(act.needs, other.place(row))
    ]
    if other.prepare is not None:
        other.prepare(rows, actor.grants, moment())
    name = other.choice or other.label
    named = [(str(row.pk), name(row)) for row in rows]
    return tuple(sorted(named, key=lambda pair: pair[1].casefold()))
