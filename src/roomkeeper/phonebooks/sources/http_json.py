"""Any web service as a source: an address that gives JSON, in one answer or in pages, or CSV."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from roomkeeper.operations.acts import Input
from roomkeeper.operations.csv_tables import heading_word
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed, SourceKind, csv_file, register
from roomkeeper.phonebooks.sources.bounds import Bounds, key_of
from roomkeeper.phonebooks.sources.fetching import (
    LOGIN_INPUTS,
    PROXY_INPUTS,
    TLS_INPUTS,
    Answer,
    Credentials,
    HttpClient,
)
from roomkeeper.phonebooks.sources.json_values import Value, decode_json, find_at, flat, text_of
from roomkeeper.phonebooks.sources.urls import server_of
from roomkeeper.words import gettext as _

NAME: Final = "http"
MOST_PAGES: Final = 2_000
_CSV_TYPES: Final = (
    "text/csv",
    "application/csv",
    "text/comma-separated-values",
    "text/tab-separated-values",
)
_LINK: Final = re.compile(r'<([^<>]{1,8000})>((?:\s*;\s*[^\s;,="]+\s*=\s*(?:"[^"]*"|[^\s;,"]*))*)')
_NEXT: Final = re.compile(r';\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?=[\s;,]|$))', re.IGNORECASE)
# Where services say what follows, where nobody says it of this one.
_USUAL_NEXT: Final = ("next", "@odata.nextLink", "links.next", "_links.next.href", "paging.next", "nextLink")
_USUAL_KEYS: Final = ("id", "uuid", "key", "guid")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)


def _credentials(settings: Mapping[str, Any]) -> Credentials:
    header, value = str(settings.get("header") or ""), str(settings.get("header_value") or "")
    if header:
        if not _HEADER_NAME.fullmatch(header):
            raise SourceFailed(_("{header!r} cannot be the name of a header.", header=header[:100]))
        if not value.isascii() or not value.isprintable():
            raise SourceFailed(
                _("The value of the header {header} has signs that no header has.", header=header)
            )
        return Credentials(header, value)
    if token := str(settings.get("token") or "").strip():
        if not token.isascii() or not token.isprintable():
            raise SourceFailed(_("The token has signs that no token has. Enter it anew."))
        return Credentials.of_token(token)
    return Credentials.of_login(settings)


def _read(reading: Reading) -> Iterator[Record]:
    settings = reading.settings
    bounds, told = Bounds(), 0
    with HttpClient(reading, str(settings.get("url") or ""), _credentials(settings)) as client:
        for record in _records(client, reading, bounds):
            yield record
            told += 1
            if reading.most is not None and told >= reading.most:
                break
    bounds.tell(reading)


def _records(client: HttpClient, reading: Reading, bounds: Bounds) -> Iterator[Record]:
    accept = {"Accept": "application/json, text/csv;q=0.9, */*;q=0.1"}
    url, asked = client.home, set[str]()
    for number in range(MOST_PAGES):
        asked.add(url)
        answer = client.fetch("GET", url, headers=accept)
        if _is_csv(answer, str(reading.settings.get("format") or "")):
            yield from _of_csv(answer, reading, bounds)
            return
        page = decode_json(answer.body, server_of(url))
        for place, item in enumerate(_items_of(page, str(reading.settings.get("records_at") or ""), url)):
            yield _record_of(item, reading, bounds, f"{number + 1}.{place + 1}")
        following = _next_of(client, answer, page, reading.settings)
        if not following:
            return
        if following in asked:
            raise SourceFailed(
                _(
                    "{server} names a page for what follows that it told before. What stands was kept.",
                    server=server_of(url),
                )
            )
        url = following
    raise SourceFailed(
        _(
            "{server} has more than {count} pages. What stands was kept. Ask for larger pages.",
            server=server_of(url),
            count=MOST_PAGES,
        )
    )


def _is_csv(answer: Answer, wanted: str) -> bool:
    if wanted in ("json", "csv"):
        return wanted == "csv"
    if answer.content_type in _CSV_TYPES:
        return True
    # Files of web servers are plain text, whatever stands in them.
    return answer.content_type == "text/plain" and answer.body.lstrip()[:1] not in (b"{", b"[")


def _items_of(page: Value, path: str, url: str) -> list[Value]:
    """The records of a page; without a path the answer itself, or the one list in it. Raises `SourceFailed`."""
    found = find_at(page, path)
    if not path and isinstance(page, dict):
        lists = [inner for inner in page.values() if isinstance(inner, list)]
        found = lists[0] if len(lists) == 1 else page
    if isinstance(found, list):
        return found
    if path:
        why = _("There is no list at {path} in the answer of {server}.", path=path, server=server_of(url))
    else:
        why = _("The answer of {server} does not say where its records are.", server=server_of(url))
    names = ", ".join(str(name)[:40] for name in list(page)[:12]) if isinstance(page, dict) else ""
    raise SourceFailed(
        _("{why} Give the path of the list. The answer holds: {names}.", why=why, names=names or "…")
    )


def _record_of(item: Value, reading: Reading, bounds: Bounds, at: str) -> Record:
    fields = bounds.fields(flat(item))
    path = str(reading.settings.get("key_at") or "")
    if path:
        key = key_of(text_of(find_at(item, path)))
        if not key:
            raise SourceFailed(
                _(
                    "Record {at} has nothing at {path} to know it by. What stands was kept. Choose another field as the"
                    " key, or none.",
                    at=at,
                    path=path,
                )
            )
    else:
        key = next((found for name in _USUAL_KEYS if (found := key_of(text_of(find_at(item, name))))), "")
    return Record(key, fields, at=at)


def _of_csv(answer: Answer, reading: Reading, bounds: Bounds) -> Iterator[Record]:
    key_name = heading_word(str(reading.settings.get("key_at") or ""))
    for record in csv_file.records_in(answer.body):
        if key_name and key_name not in record.fields:
            raise SourceFailed(
                _(
                    "The answer of {server} has no column {name} to know its lines by.",
                    server=server_of(answer.url),
                    name=key_name,
                )
            )
        fields = bounds.fields((name, value) for name, values in record.fields.items() for value in values)
        keys = [key_name] if key_name else list(_USUAL_KEYS)
        key = next((key_of(fields[name][0]) for name in keys if name in fields), "")
        yield Record(key, fields, at=record.at)


def _next_of(client: HttpClient, answer: Answer, page: Value, settings: Mapping[str, Any]) -> str:
    """The address of the next page; "" at the end. Raises `SourceFailed` for one of another server."""
    path, parameter = str(settings.get("next_at") or ""), str(settings.get("cursor") or "")
    if path:
        found = text_of(find_at(page, path))
    else:
        found = _linked(answer.headers.get("link", ""))
        found = found or next((text for name in _USUAL_NEXT if (text := text_of(find_at(page, name)))), "")
        # What is no address is a cursor, and somebody has to say where it goes.
        if not parameter and found and not found.startswith(("/", "?", "http://", "https://")):
            found = ""
    if not found or found in ("true", "false"):
        return ""
    if parameter:
        base = urlsplit(client.home)
        query = "&".join(part for part in base.query.split("&") if part and part.split("=")[0] != parameter)
        cursor = urlencode({parameter: found})
        return base._replace(query=f"{query}&{cursor}" if query else cursor).geturl()
    return client.demand_home(client.join(found, answer.url))


def _linked(header: str) -> str:
    """The address with `rel=next` of a Link header (RFC 8288)."""
    for match in _LINK.finditer(header[:20_000]):
        if _NEXT.search(match[2]):
            return match[1]
    return ""


HTTP: Final = register(
    SourceKind(
        name=NAME,
        label="web service (JSON or CSV)",
        meaning="An address that gives JSON, also in pages, or CSV.",
        takes=(
            Input(
                name="url",
                most=2_000,
                label="Address",
                meaning="As https://hr.example.org/api/people?limit=500.",
            ),
            Input(
                name="format",
                default="",
                choices=(("", "as the answer says"), ("json", "JSON"), ("csv", "CSV")),
                label="Format",
            ),
            Input(
                name="records_at",
                default="",
                most=500,
                label="Path of the list",
                meaning="Of JSON: data.items, or /data/items. Empty: the answer is the list, or holds one alone.",
            ),
            Input(
                name="key_at",
                default="",
                most=500,
                label="Key",
                meaning="The field by which a record is known again when its name changes. Empty: id, uuid, key or"
                " guid, else the name.",
            ),
            Input(
                name="next_at",
                default="",
                most=500,
                label="Path of the next page",
                meaning="Of JSON: where the address of the next page stands, or its cursor. Empty: a Link header, or"
                " what is usual (next, links.next, @odata.nextLink).",
            ),
            Input(
                name="cursor",
                default="",
                most=100,
                label="Parameter of the cursor",
                meaning="Where what stands there is a cursor: the name of the parameter that takes it.",
            ),
            *LOGIN_INPUTS,
            Input(name="token", default="", most=10_000, is_secret=True, label="Token (Bearer)"),
            Input(
                name="header",
                default="",
                most=100,
                label="Header",
                meaning="As X-Api-Key, in place of a login.",
            ),
            Input(name="header_value", default="", most=10_000, is_secret=True, label="Value of the header"),
            *TLS_INPUTS,
            *PROXY_INPUTS,
        ),
        read=_read,
        mapping={
            "name": (
                "name",
                "displayName",
                "display_name",
                "fullName",
                "full_name",
                "name.formatted",
                "displayname",
            ),
            "note": ("note", "title", "jobTitle", "job_title", "department", "description"),
            "sip": ("sip", "sip_uri", "sipUri", "sip_address", "sipAddress", "uri", "video"),
            "h323": ("h323", "h323_id", "h323Id", "h.323"),
            "e164": ("e164", "e.164"),
            "ip": ("ip", "ip_address", "ipAddress"),
            "isdn": ("isdn",),
            "telephone": (
                "telephone",
                "phone",
                "tel",
                "mobile",
                "phones[]",
                "phones[].number",
                "phoneNumbers[].value",
                "phoneNumber",
            ),
            "bandwidth": ("bandwidth",),
        },
        every=60,
        reaches_out=True,
    )
)
