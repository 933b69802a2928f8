"""Subjects: kinds of objects with their fields and the acts on them. Not here: how they are listed, done or shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import Combinable

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.operations.acts import Act
from roomkeeper.operations.fields import Field, Row

ALL: Final = "all"


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
