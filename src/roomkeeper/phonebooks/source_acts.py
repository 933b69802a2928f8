"""The acts on sources of phone books: of each kind adding one and changing its settings, and what all have."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from roomkeeper.accounts.permissions import ROOT_PATH, Permission, demand
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Page, Rest, Trail
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.subjects import get_subject
from roomkeeper.operations.taking import Text
from roomkeeper.phonebooks import editing, keeping, previewing, sources, syncing
from roomkeeper.phonebooks.importing import MAY_SHRINK, REFUSED
from roomkeeper.phonebooks.mapped_fields import MAPPING, pairs_of
from roomkeeper.phonebooks.models import PhoneBook, Source
from roomkeeper.phonebooks.previewing import FoundEntry, FoundField, Preview
from roomkeeper.phonebooks.sources import SourceFailed, SourceKind
from roomkeeper.phonebooks.surface import into_book
from roomkeeper.systems import live
from roomkeeper.words import gettext as _

_YEAR: Final = 525_600
_NOUN: Final = "phone book source"


NAME: Final = Input(
    name="name",
    type=Text,
    default="",
    most=100,
    label="Name",
    meaning="By default that of its kind.",
    hint="By default that of its kind.",
)
IS_ON: Final = Input(
    name="is_on",
    type=bool,
    default=True,
    from_address=True,
    label="Read it regularly",
    meaning="Whether it is read regularly. One that is off is read when somebody asks for it.",
)


def _every(default: Any) -> Input:
    return Input(
        name="every",
        type=int,
        default=default,
        least=0,
        most=_YEAR,
        label="Minutes between readings",
        meaning="Minutes between two readings; 0: only when somebody asks for one.",
    )


def _limit(default: Any) -> Input:
    return Input(
        name="shrink_limit",
        type=int,
        default=default,
        least=0,
        most=100,
        label="Per cent of entries that may go at once",
        meaning="Where a reading would take away more than that, and more than ten, it waits for a yes.",
        hint="Where a reading would take away more than that, and more than ten, it waits for a yes.",
    )


# Of each kind


def acts_of(kind: SourceKind) -> tuple[Act, ...]:
    """Adding a source of the kind, and changing its settings."""
    if kind.read is None:
        return ()
    return (_adding(kind), _setting(kind)) if kind.takes else (_adding(kind),)


def _may(kind: SourceKind) -> Permission:
    """One that makes this server connect to another is a matter of the server."""
    return Permission.MANAGE_SERVER if kind.reaches_out else Permission.MANAGE_SYSTEMS


def _named_folders(kind: SourceKind, taken: Mapping[str, Any]) -> list[str]:
    """Where the objects stand that settings name."""
    found = []
    for one in kind.takes:
        named = taken.get(one.name) if one.refers else None
        for row in named if isinstance(named, list | tuple) else [named] if named is not None else []:
            found.append(get_subject(one.refers).place(row))
    return found


def _adding(kind: SourceKind) -> Act:
    words, label = kind.name.replace("_", " "), keeping.title_of(kind)

    def places(row: None, taken: Mapping[str, Any]) -> Sequence[str]:
        if kind.reaches_out:
            return (ROOT_PATH,)
        return (*into_book(row, taken), *_named_folders(kind, taken))

    def run(
        *,
        user: Person,
        now: datetime,
        book: PhoneBook,
        name: str = "",
        every: int = kind.every,
        shrink_limit: int = kind.shrink_limit,
        is_on: bool = True,
        **given: Any,
    ) -> Source:
        if kind.reaches_out:
            demand(user, Permission.MANAGE_SYSTEMS, book.folder.path)
        return keeping.add_source(
            kind, book, given, now=now, name=name, every=every, shrink_limit=shrink_limit, is_on=is_on
        )

    return Act(
        name=f"add {words}",
        on="all",
        needs=_may(kind),
        places=places,
        run=run,
        refused=REFUSED,
        summary=f"Add a source of a phone book: {kind.label}.",
        title=f"Add a source: {kind.label}",
        what=kind.meaning or label,
        undo="It can be deleted again.",
        button="Add source",
        done="{row.name} is added to {row.book}.",
        rest=Rest(status=422),
        page=Page(tab="fields"),
        trail=Trail(word=f"add {_NOUN}", result=lambda made: {"kind": made.kind}),
        takes=(
            Input(name="book", type=Identifier, refers="phone books", label="Phone book", from_address=True),
            *map(_explained, kind.takes),
            NAME,
            _every(kind.every),
            _limit(kind.shrink_limit),
            IS_ON,
        ),
    )


def _setting(kind: SourceKind) -> Act:
    def places(row: Source | None, taken: Mapping[str, Any]) -> Sequence[str]:
        if kind.reaches_out:
            return (ROOT_PATH,)
        own = [row.book.folder.path] if row is not None and row.book is not None else []
        return (*own, *_named_folders(kind, taken))

    def run(row: Source, *, user: Person, now: datetime, **given: Any) -> None:
        if row.kind != kind.name:
            raise SourceFailed(_("{source} is not a source of that kind.", source=row))
        if row.book is not None:
            demand(user, Permission.MANAGE_SYSTEMS, row.book.folder.path)
        keeping.check_installed(kind)
        keeping.keep(row, kind, given)
        row.save(update_fields=["settings", "secrets_ciphertext", "memory"])
        _begin_anew(row, now)

    return Act(
        name=f"set {kind.name.replace('_', ' ')}",
        needs=_may(kind),
        places=places,
        run=run,
        refused=REFUSED,
        summary=f"Change the settings of a source: {kind.label}. What you leave out stays.",
        title="Settings of {row.name}",
        what="The next reading uses them, and reads all of the source.",
        undo="Change them back at any time.",
        button="Settings",
        done="The settings of {row.name} are changed.",
        offered=lambda row: row.kind == kind.name,
        rest=Rest(method="PATCH", at=kind.name.replace("_", "-"), status=422),
        trail=Trail(word=f"set {_NOUN}"),
        takes=tuple(_changed(_explained(one)) for one in kind.takes),
    )


def _explained(one: Input) -> Input:
    """What a setting means is told where it is asked for: these are no words that people know from elsewhere."""
    return replace(one, hint=one.hint or one.meaning.replace("`", ""))


def _changed(one: Input) -> Input:
    return replace(
        one,
        default=None if one.is_required else one.default,
        prefill=lambda row: keeping.stands_in(one, row),
    )


def _begin_anew(row: Source, now: datetime) -> None:
    """It is read as a whole, and soon where it is read regularly."""
    row.due_at = now if row.is_on and row.every else None
    row.memory = {}
    row.save(update_fields=["due_at", "memory"])
    syncing.note_settings(row)
    live.publish("phone_books")


# Of all


def is_read(row: Source) -> bool:
    """Whether this server reads it, and nobody fills it."""
    try:
        return sources.get_kind(row.kind).read is not None
    except KeyError:
        return False


def _change(row: Source, *, user: Person, now: datetime, **given: Any) -> None:
    for name, value in given.items():
        if name != "name" or value:
            setattr(row, name, value)
    if {"is_on", "every"} & given.keys():
        row.due_at = now if row.is_on and row.every else None
    row.save(update_fields=[*given, "due_at"])
    if not row.is_on:
        syncing.note_settings(row)
    live.publish("phone_books")


def _map(row: Source, *, user: Person, now: datetime, mapping: Sequence[Mapping[str, Any]] = ()) -> None:
    row.mapping = pairs_of(mapping)
    row.save(update_fields=["mapping"])
    _begin_anew(row, now)


def _preview(
    row: Source,
    *,
    user: Person,
    now: datetime,
    noted: Callable[[Any], Any],
    mapping: Sequence[Mapping[str, Any]] = (),
) -> tuple[Source, Preview]:
    found = row, previewing.preview_source(row, pairs_of(mapping))
    with transaction.atomic():
        noted(found)
    return found


def _read(row: Source, *, user: Person, now: datetime, may_shrink: bool = False) -> None:
    if not is_read(row):
        raise SourceFailed(_("{source} is filled by people; there is nothing to read.", source=row))
    row.due_at, row.may_shrink = now, may_shrink
    row.save(update_fields=["due_at", "may_shrink"])
    live.publish("phone_books")


def _stop(row: Source, *, user: Person, now: datetime) -> None:
    if not Source.objects.filter(pk=row.pk, reading_at__isnull=False).update(is_to_stop=True):
        raise SourceFailed(_("{source} is not being read.", source=row))
    live.publish("phone_books")


def _delete(row: Source, *, user: Person, now: datetime) -> None:
    editing.delete_source(row)
    syncing.tell()


COMMON: Final = (
    Act(
        name="change",
        needs=Permission.MANAGE_SYSTEMS,
        run=_change,
        refused=REFUSED,
        summary="Change the name of a source and when it is read; what you leave out stays.",
        title="Change {row.name}",
        what="It is read at once where it is read regularly.",
        undo="Change it back at any time.",
        button="Change",
        done="{row.name} is changed.",
        rest=Rest(method="PATCH"),
        takes=(NAME, _every(0), _limit(30), replace(IS_ON, from_address=False)),
    ),
    Act(
        name="map",
        needs=Permission.MANAGE_SYSTEMS,
        run=_map,
        refused=REFUSED,
        summary="Say which fields of a source are what of an entry.",
        title="Fields of {row.name}",
        what="The next reading uses it, and reads all of the source.",
        undo="Change it back at any time.",
        button="Fields and preview",
        done="The fields of {row.name} are saved.",
        offered=is_read,
        rest=Rest(method="PUT", at="mapping", status=422),
        page=Page(is_asked=False),
        takes=(MAPPING,),
    ),
    Act(
        name="preview",
        needs=Permission.MANAGE_SYSTEMS,
        run=_preview,
        has_portions=True,
        refused=REFUSED,
        summary="Read the first records of a source, and tell which entries they would be. Nothing is changed.",
        title="Look at {row.name}?",
        what="Its first records are read.",
        undo="Nothing is changed.",
        button="Preview",
        done="",
        offered=is_read,
        page=Page(is_asked=False),
        takes=(MAPPING,),
        tells=(
            Field(name="fields", type=list[FoundField], read=lambda one: one.fields),
            Field(name="entries", type=list[FoundEntry], read=lambda one: one.entries),
            Field(
                name="refused",
                type=list[str],
                read=lambda one: one.refused,
                meaning="What cannot be taken, and why.",
            ),
            Field(name="remarks", type=list[str], read=lambda one: one.warnings),
            Field(name="records", type=int, read=lambda one: one.records),
            Field(
                name="removed",
                type=int | None,
                read=lambda one: one.removed,
                meaning="Entries that the source no longer tells; null where not all of it was read.",
            ),
        ),
    ),
    Act(
        name="read",
        needs=Permission.MANAGE_SYSTEMS,
        run=_read,
        refused=REFUSED,
        summary="Read a source now.",
        title="Read {row.name} now?",
        what="What it tells replaces the entries that it told before.",
        undo="The next reading brings what it tells then.",
        button="Read now",
        done="{row.name} is read within a second or two; this page shows how far it is.",
        offered=is_read,
        rest=Rest(is_accepted=True),
        takes=(MAY_SHRINK,),
    ),
    Act(
        name="stop",
        needs=Permission.MANAGE_SYSTEMS,
        run=_stop,
        refused=REFUSED,
        summary="Stop the reading of a source.",
        title="Stop reading {row.name}?",
        what="Its entries stay as they stand.",
        undo="Read it again at any time.",
        button="Stop reading",
        done="The reading of {row.name} is stopped.",
        offered=lambda row: row.reading_at is not None,
    ),
    Act(
        name="delete",
        needs=Permission.MANAGE_SYSTEMS,
        run=_delete,
        summary="Delete a source with its entries.",
        title="Delete {row.name}?",
        what="Its {row.entry_count} entries go with it.",
        undo="It cannot be undone.",
        button="Delete",
        done="The source is deleted.",
        is_dangerous=True,
        rest=Rest(method="DELETE", answers="nothing"),
    ),
)
