"""Reading the PROXY protocol, versions 1 and 2: what a proxy says of its client before the first byte of the client.

Pure: bytes in, a header out; the connection is `serving.proxied`. Source: "The PROXY protocol, versions 1 & 2" of
HAProxy (doc/proxy-protocol.txt).
"""

import ipaddress
from dataclasses import dataclass

from roomkeeper.words import gettext as _

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
# The longest line of version 1, with its end.
LINE = 107
# What stands behind the sixteen bytes of version 2, extensions too; proxies send some dozens of bytes.
REST = 2_048
MOST = 16 + REST
_SSL, _CLIENT_SSL = 0x20, 0x01
_FAMILIES = {0x11: 4, 0x21: 16}


class NotProxied(ValueError):
    """The bytes are no header of the PROXY protocol."""


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """What was said: the client's address ("" where it is the proxy's own connection, as a health check), its port,
    whether it spoke TLS with the proxy, and how many bytes the header has."""

    address: str
    port: int
    is_tls: bool
    size: int


def decode(data: bytes) -> ProxyHeader | None:
    """The header at the beginning of `data`; None where more is needed. Raises `NotProxied`."""
    if data[:12] == SIGNATURE[: len(data)]:
        return _decode_binary(data) if len(data) >= 16 else None
    if data[:6] == b"PROXY "[: len(data)]:
        return _decode_line(data)
    raise NotProxied(_("it begins with something else"))


def _decode_line(data: bytes) -> ProxyHeader | None:
    line, end, _rest = data[:LINE].partition(b"\r\n")
    if not end:
        if len(data) >= LINE:
            raise NotProxied(_("its line has no end"))
        return None
    words = line.split(b" ")
    size = len(line) + 2
    if words[1:2] == [b"UNKNOWN"]:
        return ProxyHeader("", 0, False, size)
    if len(words) != 6 or words[1] not in (b"TCP4", b"TCP6"):
        raise NotProxied(_("its line is not one of the protocol"))
    version = 4 if words[1] == b"TCP4" else 6
    try:
        source, _rest_2 = (ipaddress.ip_address(word.decode("ascii")) for word in words[2:4])
    except ValueError:
        raise NotProxied(_("an address is none")) from None
    if source.version != version:
        raise NotProxied(_("an address is of another family"))
    if not all(word.isdigit() and len(word) <= 5 and int(word) <= 65_535 for word in words[4:]):
        raise NotProxied(_("a port is none"))
    return ProxyHeader(str(source), int(words[4]), False, size)


def _decode_binary(data: bytes) -> ProxyHeader | None:
    version, command = data[12] >> 4, data[12] & 0x0F
    length = int.from_bytes(data[14:16], "big")
    if version != 2 or command > 1:
        raise NotProxied(
            _(
                "version {version}, command {command} are not of the protocol",
                version=version,
                command=command,
            )
        )
    if length > REST:
        raise NotProxied(_("it claims to be {length} bytes long", length=length))
    if len(data) < 16 + length:
        return None
    rest = data[16 : 16 + length]
    size = 16 + length
    width = _FAMILIES.get(data[13])
    if command == 0 or width is None:
        # The proxy itself, or a family that cannot be a client of ours: what it says of addresses is skipped.
        return ProxyHeader("", 0, False, size)
    if length < 2 * width + 4:
        raise NotProxied(_("its addresses are cut off"))
    source = ipaddress.ip_address(rest[:width])
    port = int.from_bytes(rest[2 * width : 2 * width + 2], "big")
    return ProxyHeader(str(source), port, _has_tls(rest[2 * width + 4 :]), size)


def _has_tls(extensions: bytes) -> bool:
    """Whether the client spoke TLS with the proxy (the extension PP2_TYPE_SSL)."""
    place = 0
    while place + 3 <= len(extensions):
        length = int.from_bytes(extensions[place + 1 : place + 3], "big")
        value = extensions[place + 3 : place + 3 + length]
        if len(value) < length:
            raise NotProxied(_("an extension is cut off"))
        if extensions[place] == _SSL and value:
            return bool(value[0] & _CLIENT_SSL)
        place += 3 + length
    return False
