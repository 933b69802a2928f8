"""What every kind of phone book sources can be given, for tests that go over all acts: nothing here names a kind."""

from typing import Any

from django.utils import timezone

from roomkeeper.operations.acts import Input
from roomkeeper.operations.taking import is_flag, is_many
from roomkeeper.phonebooks import editing, keeping, sources
from roomkeeper.phonebooks.models import PhoneBook, Source
from roomkeeper.systems import inventory
from roomkeeper.systems.models import System

KINDS = [kind for kind in sources.find_kinds() if kind.read is not None]


def book_of(system: System) -> PhoneBook:
    """A book in the system's folder, made anew."""
    name = f"Corporate {system.pk}"
    PhoneBook.objects.filter(name=name).delete()
    return editing.create_book(name, system.folder)


def source_of(system: System) -> Source:
    """A source of the first kind in such a book."""
    kind = sources.get_kind("our_systems")
    return keeping.add_source(kind, book_of(system), {}, now=timezone.now())


def as_offered(act_name: str, row: Source) -> None:
    """Put the source into a state in which the act is offered."""
    if act_name == "stop":
        row.reading_at = timezone.now()
    for kind in KINDS:
        if act_name == f"set {kind.name.replace('_', ' ')}":
            row.kind, row.settings = kind.name, {}


def value_for(one: Input) -> Any:
    """Something that the setting takes."""
    if one.refers:
        return inventory.root_folder().pk
    if one.choices:
        return one.choices[-1][0]
    if is_flag(one.type):
        return True
    if is_many(one.type):
        return ["a"]
    if one.least is not None and one.type is int:
        return one.least
    if one.type is int:
        return 1
    if "url" in one.name or "address" in one.name:
        return "https://directory.example.org/people"
    return "x" * max(one.least or 0, 1)


GIVEN_TO_ADD: dict[tuple[str, str], dict[str, Any]] = {
    ("phone book sources", f"add {kind.name.replace('_', ' ')}"): {
        "book": lambda system: book_of(system).pk,
        **{one.name: (lambda system, one=one: value_for(one)) for one in kind.takes if one.is_required},
    }
    for kind in KINDS
}
GIVEN_TO_SET: dict[tuple[str, str], dict[str, Any]] = {
    ("phone book sources", f"set {kind.name.replace('_', ' ')}"): {
        one.name: (lambda one=one: value_for(one)) for one in kind.takes[:1]
    }
    for kind in KINDS
    if kind.takes
}
