"""What an act takes, as a model that checks it: programs send it as JSON, people type it into a form."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    create_model,
    model_validator,
)

from roomkeeper.operations.acts import ANYTHING, Act, Input
from roomkeeper.operations.faults import sentence_of
from roomkeeper.operations.subjects import Subject
from roomkeeper.words import gettext as _

Text = Annotated[str, StringConstraints(strip_whitespace=True)]
"""A text whose blanks at both ends mean nothing."""


class TakenRefused(ValueError):
    """What was given cannot be taken; `errors` holds a sentence by the name of the input."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(
            " ".join(f"{name}: {sentence}" if name else sentence for name, sentence in errors.items())
        )
        self.errors = dict(errors)


class _Taken(BaseModel):
    model_config = ConfigDict(extra="forbid")


@lru_cache(maxsize=512)
def model_of(subject: Subject, act: Act) -> type[BaseModel]:
    """The model of what the act takes; what it does not know is refused."""
    words = f"{act.name} {subject.noun}".replace("-", " ").title().replace(" ", "")
    checks = checks_of(act)
    fields = fields_of(given_to(act))
    return create_model(words, __base__=_Taken, __doc__=act.summary, __validators__=checks, **fields)


def checks_of(act: Act) -> dict[str, Any]:
    """The validators by which a model looks at all that is taken together."""
    check, one_of = act.check, act.one_of
    if check is None and not one_of:
        return {}

    def check_all(found: Any) -> Any:
        if one_of and sum(getattr(found, name) not in (None, False) for name in one_of) != 1:
            raise ValueError(_("give either {names}", names=_(" or ").join(f"`{name}`" for name in one_of)))
        if check is not None:
            check({one.name: getattr(found, one.name) for one in given_to(act)})
        return found

    return {"check_all": model_validator(mode="after")(check_all)}


def fields_of(takes: Sequence[Input]) -> dict[str, Any]:
    """(type, default with bounds) of inputs, for a model that is more than what an act takes."""
    return {one.name: (one.type, bounded(one)) for one in takes}


def given_to(act: Act) -> tuple[Input, ...]:
    """What the service is given: not what only says which of several acts is meant."""
    return tuple(one for one in act.takes if one.only is ANYTHING)


def bounded(one: Input, *, is_optional: bool = False) -> Any:
    """How pydantic is told of it: bounds, default, meaning."""
    bounds: dict[str, Any] = {}
    is_long = is_many(one.type) or str in _parts(one.type)
    if one.least is not None:
        bounds["min_length" if is_long else "ge"] = one.least
    if one.most is not None:
        bounds["max_length" if is_long else "le"] = one.most
    default = None if is_optional else ... if one.is_required else one.default
    return Field(default, description=one.meaning or None, **bounds)


def take(subject: Subject, act: Act, given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, checked, with the defaults of what was not; of an act with PATCH only what was given, without
    what says that it is meant. Raises `TakenRefused`."""
    meant = {one.name for one in act.takes if one.only is not ANYTHING}
    try:
        found = model_of(subject, act).model_validate(
            {n: value for n, value in given.items() if n not in meant}
        )
    except ValidationError as error:
        raise TakenRefused(
            {".".join(str(part) for part in one["loc"]): sentence_of(one) for one in error.errors()}
        ) from error
    return taken_of(act, found)


def taken_of(act: Act, found: BaseModel) -> dict[str, Any]:
    """What a checked model of `model_of` holds; of an act with PATCH only what was given."""
    is_partial = act.rest.method == "PATCH"
    return {
        one.name: getattr(found, one.name)
        for one in given_to(act)
        if one.name in found.model_fields_set or not is_partial
    }


def patch_of(subject: Subject, acts: Sequence[Act]) -> type[BaseModel]:
    """The model of what several acts take that share an address; what is left out stays."""
    fields: dict[str, Any] = {}
    for act in acts:
        for one in act.takes:
            fields[one.name] = (one.type, bounded(one, is_optional=True))
    words = f"change {subject.noun}".replace("-", " ").title().replace(" ", "")
    return create_model(words, __base__=_Taken, __doc__=f"What to change of a {subject.noun}.", **fields)


def take_form(subject: Subject, act: Act, values: Callable[[str], Sequence[str]]) -> dict[str, Any]:
    """The same for a form, where all is text: an empty one is not given, a tick is yes. Of a box and of a list that it
    shows it says something where nothing is chosen, too; of an act with PATCH an empty one is given where that means
    something. Raises `TakenRefused`."""
    given: dict[str, Any] = {}
    for one in given_to(act):
        texts = [text.replace("\r\n", "\n") for text in values(one.name)]
        if one.is_twice and (texts or [""])[-1:] != (list(values(f"{one.name}-again")) or [""])[-1:]:
            raise TakenRefused({one.name: _("The two differ. Nothing was done; type both again.")})
        if one.parts:
            if lines := lines_of(one, values):
                given[one.name] = [line for line in lines if one.parts[0].name in line]
        elif one.refers and is_many(one.type):
            if texts:
                given[one.name] = [text for text in texts if text]
        elif is_flag(one.type) and not one.choices:
            if texts:
                given[one.name] = texts[-1] not in ("", "0", "false")
        elif is_many(one.type):
            if texts or one.is_required:
                given[one.name] = _listed(one, texts)
        elif texts and (texts[-1] != "" or (one.is_required and one.type is str)):
            given[one.name] = texts[-1]
        elif texts and act.rest.method == "PATCH" and not one.is_secret and _may_be_empty(one):
            given[one.name] = one.default
    return take(subject, act, given)


def _may_be_empty(one: Input) -> bool:
    """Whether empty means something: no text, or no number."""
    return one.default == "" or (one.default is None and str not in _parts(one.type))


def _listed(one: Input, texts: Sequence[str]) -> list[str]:
    parts = [part for text in texts for part in (text.split(",") if one.is_line else text.splitlines())]
    return [part.strip() if one.is_line else part for part in parts if part.strip()]


def lines_of(one: Input, values: Callable[[str], Sequence[str]]) -> list[dict[str, str]]:
    """The lines of an input with parts, as a form sends them; what is empty is left out."""
    columns = {part.name: values(f"{one.name}.{part.name}") for part in one.parts}
    return [
        {name: text for name, text in zip(columns, line, strict=True) if text}
        for line in zip(*columns.values(), strict=False)
    ]


def is_flag(kind: Any) -> bool:
    """Whether it is on or off."""
    return bool in _parts(kind)


def _parts(kind: Any) -> tuple[Any, ...]:
    if get_origin(kind) is Annotated:
        return _parts(get_args(kind)[0])
    return tuple(get_args(one)[0] if get_origin(one) is Annotated else one for one in get_args(kind)) or (
        kind,
    )


def is_many(kind: Any) -> bool:
    """Whether it is a list, or may be one."""
    if get_origin(kind) is Annotated:
        return is_many(get_args(kind)[0])
    if get_origin(kind) in (list, tuple):
        return True
    return any(is_many(part) for part in get_args(kind) if get_origin(part) is not None)
