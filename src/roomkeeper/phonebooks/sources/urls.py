"""Addresses of sources' servers: which can be asked, whose they are, and how sentences name them. Pure."""

from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from yarl import URL

from roomkeeper.devices.contactable import Contactable
from roomkeeper.phonebooks.sources import SourceFailed
from roomkeeper.words import gettext as _

_LONGEST_URL: Final = 8_000


def checked_url(url: str) -> str:
    """The address of a source, without what belongs elsewhere. Raises `SourceFailed` for what is none."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or len(url) > _LONGEST_URL:
        raise SourceFailed(_("The address of the source is not one of http or https. Enter it anew."))
    if "@" in parts.netloc:
        raise SourceFailed(
            _("Enter user name and password in their own fields, not in the address of the source.")
        )
    return parts._replace(fragment="").geturl()


def as_sent(url: str) -> URL:
    """The address for aiohttp."""
    # What a server made stays as it is, to the letter; only what cannot stand in a request is quoted.
    return URL(url, encoded=url.isascii() and url.isprintable() and " " not in url)


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: whom credentials may be shown to."""
    parts = urlsplit(url)
    return (
        parts.scheme,
        (parts.hostname or "").lower(),
        parts.port or (443 if parts.scheme == "https" else 80),
    )


def demand_contactable(url: str, contactable: Contactable) -> None:
    """Raises `AddressForbidden` for an IP address that may not be contacted: aiohttp resolves none but names."""
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        contactable.demand(host)


def server_of(url: str) -> str:
    """The server of an address, as sentences name it: without path, query and login."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{parts.port}" if parts.port else host


def address_of(url: str) -> str:
    """The address as sentences name it: without query and login, where secrets may stand."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{server_of(url)}{parts.path}"[:300]
