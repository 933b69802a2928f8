"""The Status document of a device. Not here: which facts matter, or what changed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.document import find_document, read_head, read_leaves
from roomkeeper.protocols.xml import parse
from roomkeeper.words import gettext as _

_INDEX: Final = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class StatusDocument:
    """What a device reports about itself: stripped values by path; `ghosts` are nodes that are gone, `mended`
    tells what was not as it should be.
    """

    product: str
    version: str
    api_version: str
    values: dict[str, str]
    ghosts: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()


def decode_status(data: bytes) -> StatusDocument:
    """The Status document in a file, a getxml answer or a posted document (protocol notes D.4).

    `<EmptyResult/>`, the answer to a getxml that matches nothing, is a document without values.
    Raises ProtocolError for anything else.
    """
    notes: list[str] = []
    root = parse(data, notes=notes)
    document = find_document(root, "Status", "EmptyResult")
    if document is None:
        raise ProtocolError(_("This is a {tag} document where Status was expected.", tag=root.tag[:40]))
    head = read_head(document)
    leaves = read_leaves(document)
    return StatusDocument(
        head.product,
        head.version,
        head.api_version,
        leaves.values(),
        tuple(leaves.ghosts),
        (*notes, *leaves.notes()),
    )


def first_value(values: Mapping[str, str], *paths: str) -> str:
    """The first non-empty value among paths written without indexes, at whichever index it stands first."""
    for wanted in paths:
        if values.get(wanted):
            return values[wanted]
        begin = wanted.partition("/")[0]
        for path, value in values.items():
            if value and path.startswith(begin) and _INDEX.sub("", path) == wanted:
                return value
    return ""
