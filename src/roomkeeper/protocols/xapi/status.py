"""The Status document of a device. Not here: which facts matter, or what changed."""

from dataclasses import dataclass

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.document import find_document, read_head, read_leaves
from roomkeeper.protocols.xml import parse


@dataclass(frozen=True, slots=True)
class StatusDocument:
    """What a device reports about itself: stripped values by path; `ghosts` are nodes that are gone."""

    product: str
    version: str
    api_version: str
    values: dict[str, str]
    ghosts: tuple[str, ...] = ()


def decode_status(data: bytes) -> StatusDocument:
    """The Status document in a file, a getxml answer or a posted document (protocol notes D.4).

    `<EmptyResult/>`, the answer to a getxml that matches nothing, is a document without values.
    Raises ProtocolError for anything else.
    """
    root = parse(data)
    document = find_document(root, "Status", "EmptyResult")
    if document is None:
        raise ProtocolError(f"This is a {root.tag[:40]} document where Status was expected.")
    head = read_head(document)
    leaves = read_leaves(document)
    return StatusDocument(head.product, head.version, head.api_version, leaves.values(), tuple(leaves.ghosts))
