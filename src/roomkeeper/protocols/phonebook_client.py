"""PhoneBookSearch from the other side: asking a phone book service, and what it answers (protocol notes F)."""

from typing import Final
from xml.etree.ElementTree import Element

from roomkeeper.protocols import soap
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.identification import encode_identification
from roomkeeper.protocols.phonebook import PHONEBOOK_NAMESPACE, Catalog, PhonebookEntry, Route, Search
from roomkeeper.protocols.xml import children, clean_text, encode_element, find_child, parse, text_at
from roomkeeper.words import gettext as _

SOAP_ACTION: Final = f'"{PHONEBOOK_NAMESPACE}Search"'
# A page of 100 entries with four routes each has 6,000; a service may know no pages.
_MOST_TAGS: Final = 400_000
_LONGEST_ID: Final = 2_000


def encode_search(search: Search) -> bytes:
    """The question as a CE9.9 asks it, members in its order. Raises ValueError for characters that XML cannot hold."""
    start = encode_element("StartFromId", search.start_from_id) if search.start_from_id else ""
    return soap.encode_envelope(
        f'<Search xmlns="{PHONEBOOK_NAMESPACE}">'
        + encode_identification(search.identification)
        + encode_element("CaseSensitiveSearch", "true" if search.is_case_sensitive else "false")
        + encode_element("SearchPath", search.path)
        + encode_element("SearchString", search.text)
        + encode_element("SearchType", "Free")
        + encode_element("Scope", "SubTree" if search.is_subtree else "SingleLevel")
        + encode_element("MaxResult", str(search.max_results))
        + start
        + encode_element("RangeInclusive", "true" if search.is_range_inclusive else "false")
        + "</Search>"
    )


def decode_search_result(data: bytes, content_type: str = "", *, notes: list[str] | None = None) -> Catalog:
    """The answer, members in any order and absent where they may be; `notes` as `parse` takes them. Raises
    ProtocolError for all else, with the service's own words where it answers with a fault."""
    content = soap.get_content(parse(data, content_type=content_type, notes=notes, most_tags=_MOST_TAGS))
    if content.tag == "Fault":
        reason = text_at(content, "faultstring") or text_at(content, "Reason", "Text")
        raise ProtocolError(_("It answers with a fault: {reason}", reason=clean_text(reason)[:200] or "…"))
    result = find_child(content, "SearchResult")
    if content.tag != "SearchResponse" or result is None:
        raise ProtocolError(
            _("This is a {tag} message where SearchResponse was expected.", tag=content.tag[:40])
        )
    return _decode_catalog(result)


def _decode_catalog(element: Element) -> Catalog:
    return Catalog(
        id=_id(element),
        name=text_at(element, "Name"),
        # As deep as `parse` lets a document be.
        catalogs=tuple(map(_decode_catalog, children(element, "Catalog"))),
        entries=tuple(map(_decode_entry, children(element, "Entry"))),
        entry_count=_number(text_at(element, "NoOfEntries")),
        is_first=_flag(element, "IsFirst"),
        is_last=_flag(element, "IsLast"),
        does_exist=text_at(element, "FolderExists").lower() not in ("false", "0"),
    )


def _decode_entry(element: Element) -> PhonebookEntry:
    system_type = text_at(element, "SystemType")
    routes = (
        Route(
            dial_string=text_at(route, "DialString"),
            protocol=text_at(route, "Protocol"),
            description=text_at(route, "Description"),
            call_type=text_at(route, "CallType"),
            restrict=text_at(route, "Restrict"),
            system_type=text_at(route, "SystemType") or system_type,
        )
        for route in children(element, "Route")
    )
    return PhonebookEntry(
        id=_id(element),
        name=text_at(element, "Name"),
        routes=tuple(route for route in routes if route.dial_string),
        is_first=_flag(element, "IsFirst"),
        is_last=_flag(element, "IsLast"),
        system_type=system_type,
    )


def _id(element: Element) -> str:
    # It is sent back for what follows, so it can be neither cut nor of any length.
    found = text_at(element, "Id")
    if len(found) > _LONGEST_ID:
        raise ProtocolError(_("It has an id of {count} characters.", count=len(found)))
    return found


def _flag(element: Element, name: str) -> bool:
    return text_at(element, name).lower() in ("true", "1")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
