"""The act that brings a file into a phone book."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from roomkeeper.accounts.permissions import Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Page, Rest, Trail
from roomkeeper.phonebooks import editing, sources, syncing
from roomkeeper.phonebooks.mapped_fields import MAPPING, pairs_of
from roomkeeper.phonebooks.models import PhoneBook
from roomkeeper.phonebooks.sources import SourceFailed, SourceKind, csv_file
from roomkeeper.phonebooks.writing import EntryRefused
from roomkeeper.words import gettext as _

REFUSED: Final = (editing.BookRefused, EntryRefused, SourceFailed)
MAY_SHRINK: Final = Input(
    name="may_shrink",
    type=bool,
    default=False,
    label="Entries may go",
    meaning="Also where a large share of the entries would go.",
)
MOST: Final = 5_000_000
# How a file that is no text begins where only texts can be sent.
BINARY: Final = "data:;base64,"


def file_kinds() -> list[SourceKind]:
    """The kinds that are read from files."""
    return [kind for kind in sources.find_kinds() if kind.read_file is not None]


def kind_of_file(name: str) -> str:
    """The kind of a file by its name; CSV where no other is known by that ending."""
    endings = {ending: kind.name for kind in file_kinds() for ending in kind.endings}
    return next((kind for ending, kind in endings.items() if name.lower().endswith(ending)), csv_file.NAME)


def bytes_of(content: str) -> bytes:
    """A file as programs send it. Raises `SourceFailed`."""
    if not content.startswith(BINARY):
        return content.encode()
    try:
        return base64.b64decode(content.removeprefix(BINARY), validate=True)
    except ValueError as error:
        raise SourceFailed(_("The file was damaged in transit. Send it again.")) from error


def _noted(taken: Mapping[str, Any]) -> dict[str, Any]:
    """Not who stands in the file."""
    return {
        "bytes": len(bytes_of(taken["content"])),
        "kind": taken.get("kind", csv_file.NAME),
        "may_shrink": taken.get("may_shrink", False),
    }


def _import(
    row: PhoneBook,
    *,
    user: Person,
    now: datetime,
    noted: Callable[[Any], Any],
    content: str,
    kind: str = csv_file.NAME,
    mapping: Sequence[Mapping[str, Any]] = (),
    may_shrink: bool = False,
) -> None:
    if kind not in {one.name for one in file_kinds()}:
        known = ", ".join(one.name for one in file_kinds())
        raise SourceFailed(_("{kind!r} is not a kind of file. Use one of {known}.", kind=kind, known=known))
    data, pairs = bytes_of(content), pairs_of(mapping)
    syncing.import_file(
        row, kind, data, pairs=pairs, may_shrink=may_shrink, now=now, note=lambda: noted(None)
    )


IMPORT: Final = Act(
    name="import",
    needs=Permission.MANAGE_SYSTEMS,
    run=_import,
    has_portions=True,
    trail=Trail(given=_noted),
    page=Page(is_asked=False),
    refused=REFUSED,
    rest=Rest(status=422),
    summary="Replace what the last file of a kind brought into a phone book.",
    title="Import a file into {row.name}",
    what="A line an entry, with columns name, note, sip, h323, e164, ip, isdn, telephone, bandwidth. What the last file"
    " brought and this one lacks is removed; what was typed or comes from other sources stays.",
    undo="Import the file of before again.",
    button="Import CSV",
    done="The file is imported into {row.name}.",
    takes=(
        Input(
            name="content",
            least=1,
            most=MOST,
            is_long=True,
            is_file=True,
            label="Content",
            meaning=f"The file's text; of a binary file `{BINARY}` and its bytes in Base64.",
        ),
        Input(
            name="kind",
            default=csv_file.NAME,
            choices=tuple((one.name, one.label) for one in file_kinds()),
            label="Kind",
            meaning=f"One of {', '.join(one.name for one in file_kinds())}.",
        ),
        replace(MAPPING, is_asked=False),
        MAY_SHRINK,
    ),
)
