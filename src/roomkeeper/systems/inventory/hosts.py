"""What a person gives as the host of a device, in its one stored spelling: pure, and the same on every route.

A host is a name or an IP address alone. Lists of several, where a port may stand behind, are `adding.targets`.
"""

import ipaddress
import re
import unicodedata
from typing import Final

from roomkeeper.words import gettext as _
from roomkeeper.words import noop

HOST_LIMIT: Final = 253  # characters of a name in DNS

_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_V4: Final = re.compile(r"[0-9]+(\.[0-9]+)*\.?")
_PORT: Final = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*):(?P<port>[^:/]*)")
_SHOWN: Final = 60
_ENTER: Final = noop("Enter the device's name or IP address alone")
_FORM: Final = noop("such as codec.example.org or 10.1.2.3")


class HostRefused(ValueError):
    """What was typed is not a host: the sentences say what it is, and what to enter instead."""


def parse_host(text: str) -> str:
    """The host as it is stored and compared: lower case, without brackets, blanks around it and trailing dot; an
    address in its shortest form, without `::ffff:`; a name with other letters as IDNA writes it.

    "" stays "". Raises `HostRefused` for everything else that is not one host of a device.
    """
    # Marks that nobody sees come along with what is pasted; letters of full width are those that they look like.
    plain = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf").strip()
    if not plain:
        return ""
    shown = shown_host(text)
    host = plain
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1].strip()
    _refuse_what_is_more(host, shown)
    if "[" in host or "]" in host:
        raise HostRefused(
            _(
                "{shown!r} has an unmatched bracket. {enter}, {form}.",
                shown=shown,
                enter=_(_ENTER),
                form=_(_FORM),
            )
        )
    address = _find_address(host)
    if address is not None:
        check_address(address, shown)
        return str(address)
    if _V4.fullmatch(host):
        raise HostRefused(_about_numbers(host, shown))
    if ":" in host:
        raise HostRefused(_("{shown!r} is not an IPv6 address. Write it as 2001:db8::1.", shown=shown))
    return _parse_name(host, shown)


def shown_host(text: str) -> str:
    """What was typed, as a sentence may quote it: its beginning, without a login that some write before it."""
    return re.sub(r"^([a-z]+://)?.*@", r"\1…@", text.strip(), flags=re.IGNORECASE | re.DOTALL)[:_SHOWN]


def _refuse_what_is_more(host: str, shown: str) -> None:
    if "@" in host:
        raise HostRefused(
            _(
                "{shown!r} has a login in it. {enter}, and the login in its own fields.",
                shown=shown,
                enter=_(_ENTER),
            )
        )
    if "://" in host:
        raise HostRefused(
            _("{shown!r} is a web address. {enter}, {form}.", shown=shown, enter=_(_ENTER), form=_(_FORM))
        )
    if "/" in host or "\\" in host:
        raise HostRefused(
            _(
                "{shown!r} is a path or a network. {enter}, {form}.",
                shown=shown,
                enter=_(_ENTER),
                form=_(_FORM),
            )
        )
    if any(character.isspace() for character in host):
        raise HostRefused(
            _("{shown!r} contains a space. {enter}, {form}.", shown=shown, enter=_(_ENTER), form=_(_FORM))
        )
    found = _PORT.fullmatch(host)
    if found:
        alone = found["host"].strip("[]")
        port = found["port"] or _("the port")
        raise HostRefused(
            _(
                "{shown!r} has a port. Enter {alone} as the host, and {port} as its HTTP or HTTPS port.",
                shown=shown,
                alone=alone or "the host",
                port=port,
            )
        )


def _find_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(host.removesuffix(".") if _V4.fullmatch(host) else host)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id is not None:
            # The zone is this machine's own word for one of its cards.
            return None
        return found.ipv4_mapped or found
    return found


def check_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address, shown: str) -> None:
    """Refuse addresses that no device has; loopback may be one. Raises `HostRefused`."""
    what = ""
    if address.is_multicast:
        what = _("a multicast address")
    elif address.is_unspecified or (address.version == 4 and int(address) >> 24 == 0):
        what = _("the address of no device")
    elif address == ipaddress.IPv4Address("255.255.255.255"):
        what = _("the broadcast address")
    elif address.version == 4 and address.is_reserved:
        what = _("a reserved address")
    if what:
        raise HostRefused(
            _(
                "{shown!r}: {address} is {what}, which no device has. Enter the device's own.",
                shown=shown,
                address=address,
                what=what,
            )
        )


def _about_numbers(host: str, shown: str) -> str:
    numbers = host.removesuffix(".").split(".")
    if len(numbers) != 4:
        return _("{shown!r} is not an IP address: it needs four numbers, as in 10.1.2.3.", shown=shown)
    if any(len(number) > 1 and number.startswith("0") for number in numbers):
        return _(
            "{shown!r} is not an IP address: write its numbers without leading zeros, as in 10.1.2.3.",
            shown=shown,
        )
    return _("{shown!r} is not an IP address: each of its four numbers must be from 0 to 255.", shown=shown)


def _parse_name(host: str, shown: str) -> str:
    name = host.lower().removesuffix(".")
    if not all(name.split(".")):
        raise HostRefused(
            _("{shown!r} has two dots in a row. Enter a name such as codec.example.org.", shown=shown)
        )
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii").lower()
        except UnicodeError:
            raise HostRefused(
                _(
                    "{shown!r} is not a host name that DNS allows. {enter}, {form}.",
                    shown=shown,
                    enter=_(_ENTER),
                    form=_(_FORM),
                )
            ) from None
    labels = name.split(".")
    if len(name) > HOST_LIMIT or any(len(label) > 63 for label in labels):
        raise HostRefused(
            _(
                "{shown!r}… is too long: a host name has at most {limit} characters, 63 between dots.",
                shown=shown,
                limit=HOST_LIMIT,
            )
        )
    if not all(map(_LABEL.fullmatch, labels)):
        raise HostRefused(
            _(
                "{shown!r} is not an IP address and not a host name: a name has letters, digits and "
                "dashes, and no part begins or ends with a dash. {enter}, {form}.",
                shown=shown,
                enter=_(_ENTER),
                form=_(_FORM),
            )
        )
    if _NUMBER.fullmatch(labels[-1]):
        raise HostRefused(
            _(
                "{shown!r} is not a host name: its last part is a number. {enter}, {form}.",
                shown=shown,
                enter=_(_ENTER),
                form=_(_FORM),
            )
        )
    return name
