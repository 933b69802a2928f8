"""Sources of phone books as people and programs see them."""

from datetime import datetime
from typing import Any, Final

from django.db.models import Q

from roomkeeper.accounts.permissions import Permission
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.subjects import Pages, Subject, register
from roomkeeper.phonebooks import keeping, quality, sources
from roomkeeper.phonebooks import mapping as mappings
from roomkeeper.phonebooks.mapped_fields import MappedField
from roomkeeper.phonebooks.models import Source
from roomkeeper.phonebooks.source_acts import COMMON, acts_of
from roomkeeper.words import gettext as _


def _kind_word(row: Source) -> str:
    try:
        return _(sources.get_kind(row.kind).label)
    except KeyError:
        return row.kind


def _mapping(row: Source) -> list[dict[str, str]]:
    """What is said by people, or suggested."""
    try:
        kind = sources.get_kind(row.kind)
    except KeyError:
        return []
    pairs = mappings.pairs_of(keeping.mapping_of(row, kind))
    return [{"part": part, "field": name} for part, name in pairs]


def _label(row: Source) -> str:
    return f"{row.name} ({row.book})"


SOURCES: Final = register(
    Subject(
        noun="phone book source",
        plural="phone book sources",
        model=Source,
        meaning="Where entries of a phone book come from.",
        seen_by=lambda grants: Q(book__isnull=False) & grants.folders(Permission.VIEW, "book__folder__path"),
        place=lambda row: row.book.folder.path,
        order="id",
        search=("name", "book__name"),
        related=("book__folder",),
        label=_label,
        topic="phone_books",
        page="phone_book_source",
        pages=Pages(
            help="phone-books", heading="Phone book sources", empty="No phone book has a source yet."
        ),
        fields=(
            Field(name="id", type=int),
            Field(name="name", type=str, heading="Name", cell="link"),
            Field(name="kind", type=str, filter="one", sort=""),
            Field(name="kind_name", type=str, read=_kind_word, heading="Kind", is_told=False),
            Field(name="book", type=int, at="book_id", filter="one", filter_type=Identifier, sort=""),
            Field(name="book_name", type=str, at="book__name", sort="", heading="Phone book"),
            Field(name="entry_count", type=int, heading="Entries", cell="amount"),
            Field(
                name="good_at",
                type=datetime | None,
                heading="Read",
                cell="when",
                meaning="The last good reading.",
            ),
            Field(
                name="is_on",
                type=bool,
                sort="",
                meaning="Whether it is read regularly. One that is off is read when somebody asks for it.",
            ),
            Field(name="every", type=int, sort="", meaning="Minutes between two readings."),
            Field(name="due_at", type=datetime | None, sort="", meaning="When it is read next."),
            Field(
                name="shrink_limit",
                type=int,
                sort="",
                meaning="The share of its entries, in per cent, that may go at once.",
            ),
            Field(name="is_being_read", type=bool, read=lambda row: row.reading_at is not None, sort=""),
            Field(name="records_read", type=int, sort="", meaning="How many records the reading has told."),
            Field(name="result", type=str, sort="", heading="Result"),
            Field(name="problem", type=str, sort="", heading="Problem", wraps=True),
            Field(
                name="awaits_yes",
                type=bool,
                sort="",
                meaning="So many entries would go that somebody has to allow it.",
            ),
            Field(
                name="is_stale",
                type=bool,
                meaning="It fails, waits for a yes, or is late.",
                filter="own",
                narrow=quality.by_staleness,
                sort="",
                is_told=False,
                in_csv=False,
            ),
            Field(name="failures", type=int, sort="", meaning="How often in a row it could not be read."),
            Field(
                name="settings",
                type=dict[str, Any],
                is_detail=True,
                sort="",
                in_csv=False,
                meaning="Those of its kind; secrets are not told.",
            ),
            Field(
                name="secrets",
                type=list[str],
                is_detail=True,
                sort="",
                in_csv=False,
                read=lambda row: sorted(keeping.secrets_of(row)),
                meaning="Which secrets are stored.",
            ),
            Field(
                name="mapping",
                type=list[MappedField],
                is_detail=True,
                sort="",
                in_csv=False,
                read=_mapping,
                meaning="Which of its fields are what.",
            ),
            Field(
                name="warnings",
                type=list[str],
                is_detail=True,
                sort="",
                in_csv=False,
                meaning="What the last good reading had to say.",
            ),
        ),
        acts=(*(act for kind in sources.find_kinds() for act in acts_of(kind)), *COMMON),
    )
)
