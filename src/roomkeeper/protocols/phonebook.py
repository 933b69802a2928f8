"""PhoneBookSearch: an endpoint asks for names and addresses (protocol notes F). Not here: who may see which."""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final
from xml.etree.ElementTree import Element

from roomkeeper.protocols import soap
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.identification import Identification, decode_identification
from roomkeeper.protocols.xml import encode_element, parse, text_at
from roomkeeper.words import gettext as _

PHONEBOOK_NAMESPACE: Final = "http://www.tandberg.net/2004/06/PhoneBookSearch/"
WSDL: Final = files(__package__).joinpath("phonebook_service.wsdl").read_text(encoding="utf-8")

_OPERATIONS: Final = ("Search", "GetPhonebooks")
_DEFAULT_RESULTS: Final = 50  # a CE9.9 asks for 50 (protocol notes F.2)
_MAX_RESULTS: Final = 10_000
_MAX_MEMBER: Final = 255


@dataclass(frozen=True, slots=True)
class Search:
    """One question. Every member but the operation may be missing on the wire (protocol notes F.2).

    `path` is a catalog's id, "" for the top; `text` "" asks for everything; `start_from_id` is where a page
    begins. `operation` is Search or GetPhonebooks: the answer has its name.
    """

    identification: Identification
    path: str = ""
    text: str = ""
    is_subtree: bool = True
    max_results: int = _DEFAULT_RESULTS
    start_from_id: str = ""
    is_range_inclusive: bool = False
    is_case_sensitive: bool = False
    operation: str = "Search"
    soap_version: str = soap.SOAP_11


@dataclass(frozen=True, slots=True)
class Route:
    """One way to dial an entry."""

    dial_string: str
    protocol: str
    description: str = ""
    call_type: str = "384"
    restrict: str = "Norestrict"
    system_type: str = ""


@dataclass(frozen=True, slots=True)
class PhonebookEntry:
    """One contact with its ways to be dialled. `is_first` and `is_last` tell the device where paging ends."""

    id: str
    name: str
    routes: tuple[Route, ...] = ()
    is_first: bool = False
    is_last: bool = False
    system_type: str = ""


@dataclass(frozen=True, slots=True)
class Catalog:
    """A folder, and also a whole result: its folders, its entries, how many there are. Empty by default."""

    id: str = ""
    name: str = ""
    catalogs: tuple["Catalog", ...] = ()
    entries: tuple[PhonebookEntry, ...] = ()
    entry_count: int = 0
    is_first: bool = False
    is_last: bool = False
    does_exist: bool = True


def decode_search(data: bytes, content_type: str = "") -> Search:
    """The question in a request body, members in any order. Raises ProtocolError for anything else."""
    root = parse(data, content_type=content_type)
    request = soap.get_content(root)
    if request.tag not in _OPERATIONS:
        raise ProtocolError(_("This is a {tag} message where Search was expected.", tag=request.tag[:40]))
    return Search(
        identification=decode_identification(request),
        path=_read(request, "SearchPath"),
        text=_read(request, "SearchString"),
        is_subtree=_read(request, "Scope").lower() != "singlelevel",
        max_results=_read_number(_read(request, "MaxResult")),
        start_from_id=_read(request, "StartFromId"),
        is_range_inclusive=_is_true(_read(request, "RangeInclusive")),
        is_case_sensitive=_is_true(_read(request, "CaseSensitiveSearch")),
        operation=request.tag,
        soap_version=soap.find_version(root),
    )


def _read(request: Element, name: str) -> str:
    return text_at(request, name)[:_MAX_MEMBER]


def _is_true(text: str) -> bool:
    """As XML Schema spells it: devices say `true`, and programs may say 1."""
    return text.lower() in ("true", "1")


def _read_number(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) < 9
    return min(int(text), _MAX_RESULTS) if is_number and int(text) else _DEFAULT_RESULTS


def encode_search_result(
    catalog: Catalog, *, operation: str = "Search", soap_version: str = soap.SOAP_11
) -> bytes:
    """The answer to a question. Raises ValueError for characters that XML cannot hold."""
    content = (
        f'<{operation}Response xmlns="{PHONEBOOK_NAMESPACE}">'
        f"{_encode_catalog(f'{operation}Result', catalog)}</{operation}Response>"
    )
    return soap.encode_envelope(content, soap_version=soap_version)


def _encode_catalog(tag: str, catalog: Catalog) -> str:
    return "".join(
        (
            f"<{tag}>",
            encode_element("Name", catalog.name),
            encode_element("Id", catalog.id),
            *(_encode_catalog("Catalog", inner) for inner in catalog.catalogs),
            *(_encode_entry(entry) for entry in catalog.entries),
            encode_element("IsLast", _flag(catalog.is_last)),
            encode_element("IsFirst", _flag(catalog.is_first)),
            encode_element("NoOfEntries", str(catalog.entry_count)),
            encode_element("FolderExists", _flag(catalog.does_exist)),
            f"</{tag}>",
        )
    )


# What is the same in most entries is encoded once: fifty make an answer.
_element = lru_cache(maxsize=1_000)(encode_element)


def _encode_entry(entry: PhonebookEntry) -> str:
    return (
        f"<Entry>{encode_element('Name', entry.name)}{encode_element('Id', entry.id)}{_encode_routes(entry.routes)}"
        f"<IsLast>{_flag(entry.is_last)}</IsLast><IsFirst>{_flag(entry.is_first)}</IsFirst><BaseDN/>"
        f"{_element('SystemType', entry.system_type)}</Entry>"
    )


@lru_cache(maxsize=20_000)
def _encode_routes(routes: tuple[Route, ...]) -> str:
    return "".join(
        f"<Route>{_element('CallType', route.call_type)}{_element('Protocol', route.protocol)}"
        f"{_element('Restrict', route.restrict)}{encode_element('DialString', route.dial_string)}"
        f"{encode_element('Description', route.description)}{_element('SystemType', route.system_type)}</Route>"
        for route in routes
    )


def _flag(value: bool) -> str:
    return "true" if value else "false"


def encode_search_fault(reason: str, *, soap_version: str = soap.SOAP_11) -> bytes:
    """The answer to what is no question (R5: sent with status 500)."""
    return soap.encode_fault(reason, soap_version=soap_version)


def wsdl(address: str) -> bytes:
    """The service's description, naming the address at which it was asked for."""
    return soap.encode_wsdl(WSDL, address)
