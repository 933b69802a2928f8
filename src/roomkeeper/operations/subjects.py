"""Subjects: kinds of objects with their fields and the acts on them. Not here: how they are listed, done or shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import Combinable

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act
from roomkeeper.operations.fields import Field, Row
from roomkeeper.operations.readings import Reading

ALL: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A cut of the list above its table: the filters it stands for."""

    label: str
    filters: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What only pages read of a subject.

    `heading` stands above the list, `help` is where the manual explains it, `empty` is the sentence, or the template,
    that an empty list shows. `tabs` are cuts of it, `begins` the filters with which it begins. `at` is the pages'
    address where that is not the subject's, `former` the names that stand in old addresses by today's. `row_topic` says
    of live events that they are about one row alone; `keys` are the numbers in the address of a row's page.
    """

    heading: str = ""
    help: str = ""
    empty: str = ""
    tabs: tuple[Tab, ...] = ()
    begins: Mapping[str, str] = field(default_factory=dict)
    at: str = ""
    former: Mapping[str, str] = field(default_factory=dict)
    row_topic: str = ""
    keys: Callable[[Row], Sequence[int]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """What only the command line reads of a subject.

    `name` is its own there where that is not the subject's plural; `change` is the command that takes what all acts
    with PATCH take. `named_by` is the filter by which people may name a row in place of its id.
    """

    name: str = ""
    change: str = ""
    named_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """Where else a subject is listed: for one object of another subject, `within` which it lies.

    `within` is that subject's plural, `at` stands behind the object's address, and `by` is the field that names the
    object. With a `key`, the name of a number in the address and the lookup behind it, one of the list and the acts on
    it are asked for there, too.
    """

    within: str
    by: str
    at: str
    key: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """A kind of object that is listed and acted on.

    `seen_by` is the only rule of who sees which rows, `place` the only rule of the folder on which an act needs its
    permission. `label` names a row in a sentence, `choice` a prepared one in a list to choose from; `counted` are the
    words for one of its rows and for several, where noun and plural are of the list. `about` is the object that the
    audit trail names where that is not the row, as the owner of a token; `export_word` notes an export of the list
    there. `readings` are told of one row, at addresses of their own. `tell` publishes that a row has changed; `wait`
    waits some seconds for a row that was begun to end.

    `related` are the lookups whose objects the fields read; `prepare` looks up for a page of rows at once what they do
    not hold, for whom they are told and as of when. `find` searches in its own way, and `best` gives what a searched
    list is sorted by where nothing else is asked for.

    `address` is where it stands where that is not its plural, `acts_at` stands before an act there; `page` is the
    template of a row's page. What has no API is a list of the pages alone: programs ask for it by a filter of another.
    Of what is no list, `only` gives the one object that a user has: programs ask for that at the address itself.
    """

    noun: str
    plural: str
    model: type[Model]
    fields: tuple[Field, ...]
    seen_by: Callable[[Grants], Q]
    place: Callable[[Row], str]
    acts: tuple[Act, ...] = ()
    readings: tuple[Reading, ...] = ()
    meaning: str = ""
    needs: Permission = Permission.VIEW
    anywhere: bool = True
    order: str = "-id"
    search: tuple[str, ...] = ()
    find: Callable[[QuerySet[Any], str], QuerySet[Any]] | None = None
    best: Callable[[str], Combinable] | None = None
    related: tuple[str, ...] = ()
    annotate: Callable[[QuerySet[Any], Grants], QuerySet[Any]] | None = None
    prepare: Callable[[list[Row], Grants, datetime], None] | None = None
    label: Callable[[Row], str] = str
    choice: Callable[[Row], str] | None = None
    counted: tuple[str, str] | None = None
    about: Callable[[Row], Model] | None = None
    export_word: str = ""
    topic: str = ""
    tell: Callable[[Row], None] | None = None
    wait: Callable[[Row, float], Row] | None = None
    address: str = ""
    acts_at: str = ""
    page: str = ""
    has_pages: bool = True
    has_api: bool = True
    only: Callable[[Person], Row] | None = None
    pages: Pages = Pages()
    command_line: CommandLine = CommandLine()
    nested: Nested | None = None
    by_name: dict[str, Field] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {one.name: one for one in self.fields})

    def act(self, name: str) -> Act:
        """The act of that name or slug. Raises KeyError."""
        for one in self.acts:
            if name in (one.name, one.slug):
                return one
        raise KeyError(name)

    def answered_by(self, act: Act) -> "Subject | None":
        """The subject of the row that the act answers with; None where it answers with nothing."""
        if act.rest.answers == "nothing":
            return None
        return self if act.rest.answers in ("row", "told") else get_subject(act.rest.answers)

    def begun_by(self, act: Act) -> "Subject | None":
        """The other subject a row of which the act begins and answers with; None where it begins nothing."""
        found = self.answered_by(act)
        return found if found is not self else None

    @property
    def path(self) -> str:
        """Its address below the API's root, and below the pages' unless `pages.at` is another."""
        return self.address or self.plural.replace(" ", "-")

    @property
    def pages_path(self) -> str:
        """Where its pages stand."""
        return self.pages.at or self.path

    @property
    def typed(self) -> str:
        """Its name on the command line."""
        return self.command_line.name or self.path

    def lies_within(self, outer: "Subject") -> bool:
        """Whether it is listed for one object of `outer`, too."""
        return self.nested is not None and self.nested.within == outer.plural

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
