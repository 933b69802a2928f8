"""Searching the manager's phone book as a codec does (protocol notes F.2, F.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lxml import etree

from roomkeeper.virtual import xml_in
from roomkeeper.virtual.outbound import OutboundError
from roomkeeper.virtual.wire_out import XML_TYPE
from roomkeeper.virtual.xml_out import text

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint

_SERVICE = "http://www.tandberg.net/2004/06/PhoneBookSearch/"
# A page has at most a hundred; nobody scrolls through more than this.
_PAGE = 100
_PAGES = 50
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


class PhoneBookError(Exception):
    """The phone book could not be asked."""


@dataclass(slots=True)
class FoundEntry:
    """A contact with the ways to reach it: (protocol, dial string, description). `system_type` is the product of a
    room's system, "" of a person."""

    id: str
    name: str
    system_type: str = ""
    routes: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(slots=True)
class FoundPage:
    """What one search found."""

    folders: list[tuple[str, str]] = field(default_factory=list)
    entries: list[FoundEntry] = field(default_factory=list)
    total: int = 0
    # The id of its last item, and whether that says that nothing follows.
    last_id: str = ""
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is to hold, as the command says it: `contact_type` is Any, Folder or Contact, `search_filter` All,
    Rooms or People: a contact with a product is a room."""

    contact_type: str = "Any"
    search_filter: str = "All"

    def of(self, page: FoundPage) -> FoundPage:
        """What of a page is wanted."""
        folders = page.folders if self.contact_type != "Contact" else []
        entries = page.entries if self.contact_type != "Folder" else []
        entries = [one for one in entries if self._is_kind(one)]
        return FoundPage(folders, entries, page.total, page.last_id, page.is_last)

    def _is_kind(self, entry: FoundEntry) -> bool:
        kind = "Rooms" if entry.system_type else "People"
        return self.search_filter in ("All", kind)

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self.contact_type == "Any" and self.search_filter == "All"


def search_envelope(endpoint: VirtualEndpoint, words: str, folder: str, limit: int, start_from: str) -> bytes:
    """The Search of a CE 9.9, member for member."""
    identity, device = endpoint.plan.identity, endpoint.device
    paging = f"   <StartFromId>{text(start_from)}</StartFromId>\n" if start_from else ""
    scope = "SingleLevel" if folder and not words else "SubTree"
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<env:Envelope xmlns:env="{_SOAP}" xmlns="{_SERVICE}">\n <env:Body xmlns="{_SERVICE}">\n  <Search>\n'
        "   <Identification>\n"
        f"    <SystemName>{text(device.name)}</SystemName><MACAddress>{identity.mac.lower()}</MACAddress>"
        f"<IPAddress>{identity.reported_address}</IPAddress>"
        f'<IPAddressV6 type="Local">{text(device.status.find("Network[1]/IPv6/LinkLocalAddress"))}</IPAddressV6>'
        f"<ProductType>{text(device.profile.product)}</ProductType>"
        f"<ProductID>{text(device.profile.product_id)}</ProductID>"
        f"<SWVersion>{text(device.version)}</SWVersion><SerialNumber>{text(identity.serial)}</SerialNumber>\n"
        "   </Identification>\n"
        "   <CaseSensitiveSearch>false</CaseSensitiveSearch>\n"
        f"   <SearchPath>{text(folder)}</SearchPath>\n   <SearchString>{text(words)}</SearchString>\n"
        f"   <SearchType>Free</SearchType>\n   <Scope>{scope}</Scope>\n   <MaxResult>{limit}</MaxResult>\n{paging}"
        "   <RangeInclusive>false</RangeInclusive>\n  </Search>\n </env:Body>\n</env:Envelope>\n"
    ).encode()


def read_page(data: bytes) -> FoundPage:
    """Folders and entries of a SearchResponse, in any order; raises PhoneBookError."""
    try:
        root = xml_in.parse(data)
    except xml_in.BadDocument as error:
        raise PhoneBookError(f"Invalid answer: {error}") from None
    result = next((one for one in root.iter() if xml_in.name_of(one) == "SearchResult"), None)
    if result is None:
        raise PhoneBookError("The server did not answer with a search result")
    page = FoundPage()
    for one in result:
        name = xml_in.name_of(one)
        if name == "Catalog":
            page.folders.append(
                (xml_in.text_of(xml_in.child(one, "Id")), xml_in.text_of(xml_in.child(one, "Name")))
            )
        elif name == "Entry":
            page.entries.append(_entry(one))
        if name in ("Catalog", "Entry"):
            page.last_id = xml_in.text_of(xml_in.child(one, "Id"))
            page.is_last = xml_in.text_of(xml_in.child(one, "IsLast")).lower() == "true"
        elif name == "NoOfEntries":
            number = xml_in.text_of(one)
            page.total = int(number) if number.isascii() and number.isdigit() else 0
    return page


def _entry(element: etree._Element) -> FoundEntry:
    number, name, system_type = (
        xml_in.text_of(xml_in.child(element, member)) for member in ("Id", "Name", "SystemType")
    )
    entry = FoundEntry(number, name, system_type)
    for one in element:
        if xml_in.name_of(one) == "Route":
            protocol, number, words = (
                xml_in.text_of(xml_in.child(one, name)) for name in ("Protocol", "DialString", "Description")
            )
            entry.routes.append((protocol, number, words))
    return entry


async def search(
    endpoint: VirtualEndpoint, words: str, *, folder: str = "", limit: int = 50, start_from: str = ""
) -> FoundPage:
    """Ask the phone book server of the settings; raises PhoneBookError."""
    find = endpoint.device.configuration.find
    url = find("Phonebook/Server[1]/URL")
    if find("Phonebook/Server[1]/Type") != "TMS" or not url:
        raise PhoneBookError("No phone book server is configured")
    headers = {"Content-Type": XML_TYPE, "SOAPAction": f'"{_SERVICE}Search"'}
    body = search_envelope(endpoint, words, folder, limit, start_from)
    try:
        answer = await endpoint.outbound.post(url, body, headers, tls_setting="Phonebook/Server[1]/TlsVerify")
    except OutboundError as error:
        raise PhoneBookError(str(error)) from None
    if answer.status == 401:
        raise PhoneBookError("Authentication failed")
    if answer.status != 200:
        raise PhoneBookError(f"HTTP response code {answer.status}")
    return read_page(answer.body)


async def search_from(
    endpoint: VirtualEndpoint,
    words: str,
    *,
    folder: str,
    offset: int,
    limit: int,
    wanted: Wanted = Wanted(),
) -> FoundPage:
    """The wanted items behind so many: the server knows no offset and no kinds, so pages are turned up to there. The
    total is the server's, and of some kinds only what was seen of them. Raises PhoneBookError."""
    found, start = FoundPage(), ""
    for _ in range(_PAGES):
        page = await search(endpoint, words, folder=folder, limit=_PAGE, start_from=start)
        if not page.last_id or page.last_id == start:
            break
        shown = wanted.of(page)
        found.folders += shown.folders
        found.entries += shown.entries
        found.total = page.total if wanted.is_all else len(found.folders) + len(found.entries)
        start = page.last_id
        if page.is_last or len(found.folders) + len(found.entries) >= offset + limit:
            break
    # Folders come first.
    behind = max(offset - len(found.folders), 0)
    folders = found.folders[offset : offset + limit]
    return FoundPage(folders, found.entries[behind : behind + limit - len(folders)], found.total)
