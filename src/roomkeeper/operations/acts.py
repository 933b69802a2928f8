"""Acts: who may, what they take, the service that does them, what is asked first and told then. Done by the `door`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from django.db.models import Model
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from roomkeeper.accounts.permissions import Permission
from roomkeeper.operations.fields import Field, Row

REQUIRED: Final[Any] = object()
ANYTHING: Final[Any] = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Something that an act takes. Without a default it has to be given; what is a secret is never noted.

    `type` is what programs send; `least` and `most` bound numbers, and the length of texts and lists. `refers` is the
    plural of a subject whose object (or list of objects) is named by its id; the service is given the object that the
    actor sees. What comes `from_address` of a form is not asked again there. `when` says of what is known (the row's
    fields, or what a variant gives) whether a form asks for it; what is not `is_asked` only programs give. A list of
    `parts` is one of small objects: a form has a line of fields for each, the command line writes `FIRST@SECOND`.
    `prefill` gives what stands in the form at first, of the row or of the whole. A list that is a `is_line` of words
    has them on one, separated by commas. Where many rows are meant, each may have its own of what `is_own`. Of several
    acts with PATCH that take a name, that one is meant whose `only` value is given; the service is not told it.
    `option` is its name on the command line where that is another (`lock/unlock` of a flag); what is `in_place` stands
    there without one; of what `is_file` the command line takes the name of a file that holds it, and a form a file.
    What `is_twice` is typed twice in a form.
    """

    name: str
    type: Any = str
    meaning: str = ""
    default: Any = REQUIRED
    least: int | None = None
    most: int | None = None
    label: str = ""
    hint: str = ""
    is_secret: bool = False
    is_long: bool = False
    from_address: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    refers: str = ""
    when: Callable[[Mapping[str, Any]], bool] | None = None
    is_asked: bool = True
    parts: tuple["Input", ...] = ()
    prefill: Callable[[Row], Any] | None = None
    is_line: bool = False
    is_own: bool = False
    only: Any = ANYTHING
    option: str = ""
    in_place: bool = False
    is_file: bool = False
    is_twice: bool = False

    @property
    def is_required(self) -> bool:
        """Whether it has to be given."""
        return self.default is REQUIRED


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One of several forms of an act on the whole subject: its button, and what is given with it."""

    label: str
    given: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """How programs are told what an act would do, where that is told as a whole: asked for with `dry_run`.

    `tell` makes of what the act's `plan` gives what is told as `gives` says; `beside` are fields of the plan that are
    told with what was made, too. Of what chooses systems those that are not managed are refused, unless it is
    `of_all` that are seen.
    """

    gives: Any
    tell: Callable[[Any], BaseModel]
    beside: tuple[Field, ...] = ()
    of_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """How programs ask for an act, and what they are answered.

    With PATCH only what changes is given, with PUT what is under its name is replaced. Several with PATCH share the
    object's address: each is done for which something is given. `at` stands behind that address where it is not the
    act's name; one with PATCH that has it stands alone there. It `answers` with the row as it is then ("row"), with
    what it `tells` alone ("told"), with "nothing", or with the plural of another subject, as "jobs": the service gives
    back a row of that, which is only begun. What `is_accepted` is only begun, too: it is answered 202, and `follow` is
    where below the object's address it is followed. `status` is that of a refusal, and `hint` what can be done about
    one. Refusals of several values stand `below` an input. What is not `is_derived` has an address that is written by
    hand, on the same door. An act on the whole subject that is asked at the address of an object of another stands
    `under` that: the input that names it. What `chooses` systems is given their ids as `systems`, or a `filter` that
    finds them. With `planned` it is answered with its plan, or with what it made (202).
    """

    method: Literal["POST", "PATCH", "PUT", "DELETE"] = "POST"
    at: str = ""
    answers: str = "row"
    is_accepted: bool = False
    follow: str = ""
    status: int = 409
    hint: str = ""
    below: str = ""
    planned: Planned | None = None
    is_derived: bool = True
    under: str = ""
    chooses: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """How people are asked for an act on pages.

    `form` is a template in place of its fields, and `shows` gives what that shows besides, of the rows. `tab` is the
    part of the object's page to which it comes back; one on the whole subject goes there with what it made. `variants`
    are several buttons for one act on the whole subject. What an act takes that `is_looked_at` is shown once more with
    its plan, and done after a second yes. What is not `is_asked` only programs ask for.
    """

    form: str = ""
    shows: Callable[[Sequence[Row], datetime], Mapping[str, Any]] | None = None
    tab: str = ""
    variants: tuple[Variant, ...] = ()
    is_looked_at: bool = False
    is_asked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """What is noted of an act in the audit trail.

    `word` is what it is called there where that is not the act's name and the noun; `given` makes what is noted of what
    it was given where that is not all of it, `result` what else is noted, of what the service gave back. `about` gives
    another object that the trail names, by what the act was given.
    """

    word: str = ""
    given: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None
    result: Callable[[Any], Mapping[str, Any]] | None = None
    about: Callable[[Mapping[str, Any]], Model | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Act:
    """Something that is done: who may, what it takes, the service that does it, what is asked first and told then.

    `run(row, user=, now=, **taken)` is the feature's own service; one on the whole subject (`on` is "all", as making a
    new one) has no row. Where it `is_together`, the service is given a list, of one or of all that were chosen, and
    does it for all at once. What `has_portions` writes in short transactions of its own, because it may concern
    thousands of systems (rule R9): its service takes `noted`, too, and calls it with its result inside the first.

    `places` are the folders on which it needs its permission where that is not the row's own: of the row (None) and of
    what is taken, none while that is not known; whoever is the row's `owner` may do it, too. Exactly one of the inputs
    named in `one_of` has to be given; `check` raises ValueError for what else cannot be taken together. `offered` says
    whether it makes sense for a row now; the service decides.

    `title`, `what`, `undo`, `done` and the like are texts in which `{row}` and `{taken}` may stand. A `word` has to be
    typed before what cannot be undone. `warns` says of the rows what has to be known before the yes.

    `plan` tells what would become of it without doing it, which is `--dry-run`: it is given a list of rows, and gives
    for each something of which `plans` are the fields, a verdict and the reason; "cannot" where it cannot be. `tells`
    are fields of what the service gives back that are told this once, beside the row: the service then gives (row, the
    rest); pages show those with a heading.

    `command` is its name on the command line, where that is another. What is not `is_mounted` is asked after a plan
    that is shown first: its pages and addresses are written by hand, on the same door.
    """

    name: str
    needs: Permission
    run: Callable[..., Any]
    summary: str
    takes: tuple[Input, ...] = ()
    on: Literal["one", "all"] = "one"
    for_many: bool = False
    is_together: bool = False
    has_portions: bool = False
    refused: tuple[type[ValueError], ...] = (ValueError,)
    places: Callable[[Row, Mapping[str, Any]], Sequence[str]] | None = None
    owner: Callable[[Row], int | None] | None = None
    one_of: tuple[str, ...] = ()
    check: Callable[[Mapping[str, Any]], None] | None = None
    offered: Callable[[Row], bool] | None = None
    title: str = ""
    what: str = ""
    undo: str = ""
    button: str = ""
    done: str = ""
    is_dangerous: bool = False
    word: str = ""
    warns: Callable[[Sequence[Row], datetime], str] | None = None
    plan: Callable[..., Any] | None = None
    plans: tuple[Field, ...] = ()
    tells: tuple[Field, ...] = ()
    command: str = ""
    is_mounted: bool = True
    rest: Rest = Rest()
    page: Page = Page()
    trail: Trail = Trail()

    def audit_word(self, noun: str) -> str:
        """What it is called in the audit trail."""
        return self.trail.word or f"{self.name} {noun}"

    @property
    def slug(self) -> str:
        """Its name in an address."""
        return self.name.replace(" ", "-")

    @property
    def tail(self) -> str:
        """What stands behind the object's (or the subject's) address where a program asks for it."""
        makes = self.on == "all" and (self.name == "create" or self.rest.chooses)
        is_bare = makes or (self.rest.method in ("PATCH", "DELETE") and not self.rest.at)
        return "" if is_bare else f"/{self.rest.at or self.slug}"

    def noted(self, taken: Mapping[str, Any]) -> dict[str, Any]:
        """What of that is noted in the audit trail: of a secret that it was given."""
        if self.trail.given is not None:
            return self.trail.given(taken)
        secret = {one.name for one in self.takes if one.is_secret}
        return {
            name: "***" if name in secret and value is not None else to_jsonable_python(value)
            for name, value in taken.items()
        }
