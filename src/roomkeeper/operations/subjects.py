"""Declarations: a kind of object with its fields and the acts on it. Not here: how they are listed, done or shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import Combinable
from pydantic_core import to_jsonable_python

from roomkeeper.accounts.permissions import Grants, Permission

Row: TypeAlias = Any
"""An instance of the subject's model."""

REQUIRED: Final[Any] = object()
ANYTHING: Final[Any] = object()
ALL: Final = "all"
Filter = Literal["", "one", "any", "part", "set", "since", "range", "own"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a list: how it is told, filtered, sorted, and shown.

    `at` is the lookup behind it, by default the name; `read` works the value out of a row where no lookup does.
    A `filter` is a word: one (equal; texts in any letter case), any (repeated: one of), part (a part of a text), set
    (whether there is a value), since (adds `_after` and `_before`), range (adds `_from` and `_to`), own (`narrow` gives
    the condition). `unasked` is what an any-filter means where it is not given; `all` then lifts it.
    `sort` is the lookup or the expression that orders by it, None for `at`, "" where it cannot be sorted by.
    `choices` are its values with the words for them, or gives them once everything is registered.
    With a `heading` it is a column of the page's table, drawn as `cell` says: a kind of `web.cells` or a template,
    whose text stays on a line unless it `wraps`.
    `options` are the values to choose from where only the database knows them; a filter that `is_minor` is chosen from
    behind the others, one that is not `is_offered` only by its address. A field that
    `is_detail` is told of one row, not in lists.
    """

    name: str
    type: Any
    meaning: str = ""
    at: str = ""
    read: Callable[[Row], Any] | None = None
    filter: Filter = ""
    filter_type: Any = None
    narrow: Callable[[Any, Grants, datetime], Q] | None = None
    unasked: tuple[str, ...] = ()
    sort: str | Combinable | None = None
    heading: str = ""
    cell: str = "text"
    wraps: bool = False
    choices: tuple[tuple[str, str], ...] | Callable[[], tuple[tuple[str, str], ...]] = ()
    options: Callable[[Grants], Sequence[str]] | None = None
    is_minor: bool = False
    is_offered: bool = True
    is_detail: bool = False
    is_shown: bool = True
    is_told: bool = True
    in_csv: bool = True

    @property
    def lookup(self) -> str:
        """Where its value stands."""
        return self.at or self.name

    @property
    def order(self) -> str | Combinable:
        """The lookup or the expression by which a list is sorted by it; "" where it cannot be."""
        if self.sort is not None:
            return self.sort
        return "" if self.read is not None and not self.at else self.lookup

    def value(self, row: Row) -> Any:
        """Its value of a row."""
        if self.read is not None:
            return self.read(row)
        for part in self.lookup.split("__"):
            row = getattr(row, part) if row is not None else None
        return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Something that an act takes. Without a default it has to be given; what is a secret is never noted.

    `type` is what programs send; `least` and `most` bound numbers, and the length of texts and lists. `refers` is the
    plural of a subject whose object (or list of objects) is named by its id; the service is given the object that the
    actor sees. What comes `from_address` of a form is not asked again there. `when` says of what is known (the row's
    fields, or what a variant gives) whether a form asks for it; what is not `is_asked` only programs give. A list of
    `parts` is one of small objects: a form has a line of fields for each, the command line writes `FIRST@SECOND`.
    `prefill` gives what stands in the form at first. A list that is a `is_line` of words has them on one, separated by
    commas. Where many rows are meant, each may have its own of what `is_own`. Of several acts with PATCH that take a
    name, that one is meant whose `only` value is given; the service is not told it. `option` is its name on the command
    line where that is another (`lock/unlock` of a flag); what is `in_place` stands there without one;
    of what `is_file` the command line takes the name of a file that holds it.
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

    @property
    def is_required(self) -> bool:
        """Whether it has to be given."""
        return self.default is REQUIRED


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One of several forms of an act on the whole subject: its button, and what is given with it."""

    label: str
    given: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Act:
    """Something that is done: who may, what it takes, the service that does it, what is asked first and told then.

    `run(row, user=, now=, **taken)` is the feature's own service; one on the whole subject (`on` is "all", as making a
    new one) has no row. `what`, `undo`, `done` and the like are texts in which `{row}` and `{taken}` may stand. A
    `word` has to be typed before what cannot be undone. `offered` says whether it makes sense for a row now; the
    service decides. `plan` tells what would become of it without doing it, which is `--dry-run`: it is given
    a list of rows, and gives for each something of which `plans` are the fields, a verdict and the reason; "cannot"
    where it cannot be. `check` raises ValueError for what cannot be taken together.
    A program asks with `method`; one with PATCH gives only what changes, one with PUT replaces what is under its
    name. `command` is its name on the command line, where that is another. Several with PATCH share an address: each
    is done for which something is given. `places` are the folders on which it needs its permission where that is not
    the row's own: of the row (None) and of what is taken, none while that is not known; whoever is the row's `owner`
    may do it, too. `tells` are fields of what the service gives back that are told this once, beside the row: the
    service then gives (row, the rest); pages show those with a heading. An act `answers` with the row as it is then,
    with what it tells alone (as newly made), or with nothing. What `is_accepted` is only begun: programs
    are answered 202, and `follow` is where below the object's address it is followed. `noted_as` is its word in the
    audit trail where that is not the name and the noun; `notes` gives what is noted of what it was given, where that is
    not all of it. What is not `is_mounted` is asked after a plan that is shown first: its pages and addresses are
    written by hand, on the same door. `form` is a template in place of its fields, and `shows` gives what that shows
    besides, of the rows. `tab` is the part of the object's page to which it comes back. What is not `is_asked` only
    programs ask for. `at` stands behind the object's address where programs ask for it, where that is not the name.
    What `has_portions` writes in short transactions of its own, because it may concern thousands of systems (rule R9):
    its service takes `noted`, too, and calls it with its result inside the first. `notes_after` works out what else is
    noted, of that result. `hint` tells programs what can be done about a refusal.
    Where it answers with the plural of another subject, the service gives back a row of that, as a job: it is only
    begun, then, too. Where it `is_together`, the service is given a list, of one or of all that were chosen, and does
    it for all at once. `warns` says of the rows what has to be known before the yes. `about`
    gives another object that the trail names, by what the act was given. One without `has_api` is asked by
    programs at an address that is written by hand.
    """

    name: str
    needs: Permission
    run: Callable[..., Any]
    summary: str
    takes: tuple[Input, ...] = ()
    on: Literal["one", "all"] = "one"
    for_many: bool = False
    title: str = ""
    what: str = ""
    undo: str = ""
    button: str = ""
    done: str = ""
    refused: tuple[type[ValueError], ...] = (ValueError,)
    status: int = 409
    is_dangerous: bool = False
    word: str = ""
    offered: Callable[[Row], bool] | None = None
    places: Callable[[Row, Mapping[str, Any]], Sequence[str]] | None = None
    owner: Callable[[Row], int | None] | None = None
    variants: tuple[Variant, ...] = ()
    plan: Callable[..., Any] | None = None
    plans: tuple[Field, ...] = ()
    check: Callable[[Mapping[str, Any]], None] | None = None
    form: str = ""
    shows: Callable[[Sequence[Row], datetime], Mapping[str, Any]] | None = None
    tab: str = ""
    method: Literal["POST", "PATCH", "PUT", "DELETE"] = "POST"
    answers: str = "row"
    follow: str = ""
    is_together: bool = False
    warns: Callable[[Sequence[Row], datetime], str] | None = None
    about: Callable[[Mapping[str, Any]], Model | None] | None = None
    has_api: bool = True
    hint: str = ""
    command: str = ""
    tells: tuple[Field, ...] = ()
    is_accepted: bool = False
    is_mounted: bool = True
    noted_as: str = ""
    notes: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None
    notes_after: Callable[[Any], Mapping[str, Any]] | None = None
    is_asked: bool = True
    at: str = ""
    has_portions: bool = False

    def audit_word(self, noun: str) -> str:
        """What it is called in the audit trail."""
        return self.noted_as or f"{self.name} {noun}"

    def begun(self, subject: "Subject") -> "Subject | None":
        """The other subject a row of which it begins and answers with; None where it begins nothing."""
        found = self.answered(subject)
        return found if found is not subject else None

    def answered(self, subject: "Subject") -> "Subject | None":
        """The subject of the row that it answers with; None where it answers with nothing."""
        if self.answers == "nothing":
            return None
        return subject if self.answers in ("row", "told") else get_subject(self.answers)

    @property
    def slug(self) -> str:
        """Its name in an address."""
        return self.name.replace(" ", "-")

    @property
    def tail(self) -> str:
        """What stands behind the object's (or the subject's) address where a program asks for it."""
        is_bare = self.method in ("PATCH", "DELETE") or (self.on == "all" and self.name == "create")
        return "" if is_bare else f"/{self.at or self.slug}"

    def noted(self, taken: Mapping[str, Any]) -> dict[str, Any]:
        """What of that is noted in the audit trail: of a secret that it was given."""
        if self.notes is not None:
            return self.notes(taken)
        secret = {one.name for one in self.takes if one.is_secret}
        return {
            name: "***" if name in secret and value is not None else to_jsonable_python(value)
            for name, value in taken.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A cut of the list above its table: the filters it stands for."""

    label: str
    filters: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """A kind of object that is listed and acted on.

    `seen_by` is the only rule of who sees which rows, `place` the only rule of the folder on which an act needs its
    permission. `label` names a row in a sentence, `choice` a prepared
    one in a list to choose from; `about` is the object that the audit trail names where that is not the row, as the
    owner of a token. `tell` publishes that a row has changed. `related` are the lookups
    whose objects the fields read; `prepare` looks up for a page of rows at once what they do not hold, for whom they
    are told and as of when. `named_by` is
    the filter by which people may name a row on the command line in place of its id. `empty` is the sentence, or the
    template, that an empty list shows.
    `find` searches in its own way, and `best` gives what a searched list is sorted by where nothing else is asked for.
    `begins` are the filters with which the page begins, `former` the names that stand in old addresses of the page by
    today's. `export_word` notes an export of the list in the audit trail. `row_topic` says of live events that they are
    about one row alone. `acts_at` stands before an act in its address. `pages_at` is the address of its pages, and
    `command` its name on the command line, where these are others; `change_command` takes there what all acts with
    PATCH take. What has no API is a list of the pages alone: programs ask for it by a filter of another. What lies
    `within` another subject, by its plural, is listed for one of its objects, too, as `inner` behind its address; `via`
    is the field that names that object. `counted` are the words for one of its rows and for several, where noun and
    plural are of the list.
    """

    noun: str
    plural: str
    model: type[Model]
    fields: tuple[Field, ...]
    seen_by: Callable[[Grants], Q]
    place: Callable[[Row], str]
    needs: Permission = Permission.VIEW
    anywhere: bool = True
    order: str = "-id"
    search: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    annotate: Callable[[QuerySet[Any], Grants], QuerySet[Any]] | None = None
    prepare: Callable[[list[Row], Grants, datetime], None] | None = None
    find: Callable[[QuerySet[Any], str], QuerySet[Any]] | None = None
    best: Callable[[str], Combinable] | None = None
    begins: Mapping[str, str] = field(default_factory=dict)
    former: Mapping[str, str] = field(default_factory=dict)
    export_word: str = ""
    row_topic: str = ""
    acts_at: str = ""
    counted: tuple[str, str] | None = None
    tell: Callable[[Row], None] | None = None
    wait: Callable[[Row, float], Row] | None = None
    page_keys: Callable[[Row], Sequence[int]] | None = None
    label: Callable[[Row], str] = str
    choice: Callable[[Row], str] | None = None
    about: Callable[[Row], Model] | None = None
    acts: tuple[Act, ...] = ()
    tabs: tuple[Tab, ...] = ()
    topic: str = ""
    page: str = ""
    heading: str = ""
    help: str = ""
    empty: str = ""
    meaning: str = ""
    address: str = ""
    pages_at: str = ""
    named_by: str = ""
    command: str = ""
    change_command: str = ""
    has_pages: bool = True
    has_api: bool = True
    within: str = ""
    inner: str = ""
    via: str = ""
    by_name: dict[str, Field] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {one.name: one for one in self.fields})

    def act(self, name: str) -> Act:
        """The act of that name or slug. Raises KeyError."""
        for one in self.acts:
            if name in (one.name, one.slug):
                return one
        raise KeyError(name)

    @property
    def path(self) -> str:
        """Its address below the API's root, and below the pages' unless `pages_at` is another."""
        return self.address or self.plural.replace(" ", "-")

    @property
    def pages_path(self) -> str:
        """Where its pages stand."""
        return self.pages_at or self.path

    def rows(self, grants: Grants) -> QuerySet[Any]:
        """What somebody with these grants sees, with what the fields read."""
        found: QuerySet[Any] = self.model._default_manager.filter(self.seen_by(grants))
        found = found.select_related(*self.related) if self.related else found
        return self.annotate(found, grants) if self.annotate is not None else found


_subjects: dict[str, Subject] = {}


def register(subject: Subject) -> Subject:
    """Make the subject known to the surfaces. Raises ValueError for a second one of that name."""
    if subject.plural in _subjects:
        raise ValueError(f"There is a subject {subject.plural} already.")
    _subjects[subject.plural] = subject
    return subject


def all_subjects() -> list[Subject]:
    """Every registered subject, by name."""
    return [_subjects[name] for name in sorted(_subjects)]


def get_subject(plural: str) -> Subject:
    """The subject of that name. Raises KeyError."""
    return _subjects[plural]
