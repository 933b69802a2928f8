"""From what a person types or pastes to targets: addresses, names, ranges, networks, lists. Pure."""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from roomkeeper.systems import addresses
from roomkeeper.systems.inventory import hosts
from roomkeeper.words import gettext as _

MOST: Final = 4096
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PARTING: Final = re.compile(r"[\s,;]+")
# A range with blanks around its dash is one word. A name may hold a dash, but not at its end.
_WIDE_DASH: Final = re.compile(r"(?<=[0-9a-fA-F:.])(?:\s+[-–—]\s*|\s*[–—]\s*|-\s+)(?=[0-9a-fA-F:])")
_LONGEST_WORD: Final = 300
_SHOWN: Final = 60


class TooMany(ValueError):
    """More addresses than one job takes."""

    def __init__(self, number: int) -> None:
        super().__init__(
            _(
                "These are {number:,} addresses, and one job takes at most {most:,}. Add fewer at a time.",
                number=number,
                most=MOST,
            )
        )
        self.number = number


class NotUnderstood(ValueError):
    """A word is no address, name, range or network."""


@dataclass(frozen=True, slots=True)
class AddingTarget:
    """One device to look for, and what is said about it. `host` is an address or a name, "" for a row of a CSV file
    that only registers a system by `mac_address` or `serial_number` before it phones home.

    `folder` is an id, a name or a path as written; "" where none is given. `line` counts from 1.
    """

    host: str
    http_port: int | None = None
    https_port: int | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    name: str = ""
    folder: str = ""
    tags: tuple[str, ...] = ()
    mac_address: str = ""
    serial_number: str = ""
    line: int = 1

    def __str__(self) -> str:
        """As people write it: the host, with its port in brackets' manner where one is given."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = self.https_port or self.http_port
        return (f"{host}:{port}" if port else self.host) or self.serial_number or self.mac_address


@dataclass(frozen=True, slots=True)
class TargetProblem:
    """Something that was not understood: the line it stands in, its beginning, and why."""

    line: int
    text: str
    sentence: str

    def __str__(self) -> str:
        return _("Line {line}: {sentence}", line=self.line, sentence=self.sentence)


@dataclass(frozen=True, slots=True)
class Targets:
    """What was understood and what was not. `is_range`: ranges or networks were written, so that addresses at which
    nothing answers are expected."""

    targets: tuple[AddingTarget, ...] = ()
    problems: tuple[TargetProblem, ...] = ()
    is_range: bool = False


def parse_targets(text: str) -> Targets:
    """Addresses, names (each with a port, as `codec.example.org:8443`), ranges (`10.1.2.3-60`), networks
    (`10.1.2.0/24`), separated by white space, commas or semicolons. Raises `TooMany` with the number."""
    blocks: list[_Block] = []
    problems: list[TargetProblem] = []
    for number, line in enumerate(text.splitlines(), start=1):
        for word in _PARTING.split(_WIDE_DASH.sub("-", line)):
            if not word:
                continue
            try:
                blocks.append(_parse_word(word, number))
            except NotUnderstood as error:
                problems.append(TargetProblem(number, _shown(word), str(error)))
    # Before anything is made of them: a /8 is counted, not written out.
    total = sum(block.count for block in blocks)
    if total > MOST:
        raise TooMany(total)
    found = merge(target for block in blocks for target in block.targets())
    return Targets(found, tuple(problems), is_range=any(block.count > 1 for block in blocks))


def parse_host(word: str, line: int = 1) -> AddingTarget:
    """A single address or name with an optional port; raises `NotUnderstood`."""
    block = _parse_word(word.strip(), line)
    if block.count != 1 or block.target is None:
        raise NotUnderstood(_("{word!r} is more than one address.", word=word[:_SHOWN]))
    return block.target


def merge(targets: Iterable[AddingTarget]) -> tuple[AddingTarget, ...]:
    """Each address, with its ports, once: where it was written first."""
    found: dict[tuple[str, int | None, int | None], AddingTarget] = {}
    for target in targets:
        found.setdefault((target.host, target.http_port, target.https_port), target)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _Block:
    """A word: one target, or the addresses from `first` on."""

    line: int
    count: int
    target: AddingTarget | None = None
    first: Address | None = None

    def targets(self) -> Iterator[AddingTarget]:
        if self.target is not None:
            yield self.target
        elif self.first is not None:
            for step in range(self.count):
                yield AddingTarget(str(self.first + step), line=self.line)


def _parse_word(word: str, line: int) -> _Block:
    if len(word) > _LONGEST_WORD:
        raise NotUnderstood(_("{word!r}… is too long for an address.", word=word[:_SHOWN]))
    if "://" in word:
        return _single(_from_url(word, line))
    if "/" in word:
        return _network(word, line)
    first, dash, last = word.partition("-")
    if dash and (start := _find_address(first)) is not None:
        return _range(start, last, word, line)
    return _single(_from_host(word, line))


def _single(target: AddingTarget) -> _Block:
    return _Block(target.line, 1, target)


def _network(word: str, line: int) -> _Block:
    try:
        network = addresses.network_of(word)
    except ValueError as error:
        raise NotUnderstood(str(error)) from None
    count, first = network.num_addresses, network.network_address
    if network.version == 4 and network.prefixlen < 31:
        # Neither the network's own address nor its broadcast address is a device's.
        count, first = count - 2, first + 1
    elif network.version == 6 and network.prefixlen < 127:
        # The first one belongs to all routers (RFC 4291, 2.6.1).
        count, first = count - 1, first + 1
    _check(first, word)
    return _block(first, count, line)


def _range(first: Address, end: str, word: str, line: int) -> _Block:
    last = _find_address(end) or _with_tail(first, end)
    if last is None or last.version != first.version:
        raise NotUnderstood(
            _("{word!r} is not a range such as 10.1.2.3-10.1.2.60 or 10.1.2.3-60.", word=word)
        )
    count = int(last) - int(first) + 1
    if count < 1:
        raise NotUnderstood(_("{word!r} ends before it begins.", word=word))
    _check(first, word)
    _check(last, word)
    return _block(first, count, line)


def _block(first: Address, count: int, line: int) -> _Block:
    if count == 1:
        return _single(AddingTarget(str(first), line=line))
    return _Block(line, count, first=first)


def _with_tail(first: Address, tail: str) -> Address | None:
    """`60` behind 10.1.2.3 is 10.1.2.60; `3.60` would be 10.1.3.60. Behind IPv6, the last group."""
    mark = "." if first.version == 4 else ":"
    parts = first.exploded.split(mark)
    given = tail.split(mark)
    if not tail or len(given) >= len(parts):
        return None
    return _find_address(mark.join([*parts[: -len(given)], *given]))


def _from_url(word: str, line: int) -> AddingTarget:
    try:
        parts = urlsplit(word)
        scheme, port, host = parts.scheme.lower(), parts.port, parts.hostname or ""
    except ValueError:
        raise NotUnderstood(_("{shown!r} is not an address.", shown=_shown(word))) from None
    if scheme not in ("http", "https") or parts.username is not None:
        raise NotUnderstood(
            _("{shown!r} is not a device's address. Give its name or IP address.", shown=_shown(word))
        )
    target = _from_host(f"[{host}]" if ":" in host else host, line)
    if not port:
        return target
    return replace(target, https_port=port) if scheme == "https" else replace(target, http_port=port)


def _from_host(word: str, line: int) -> AddingTarget:
    host, port = _part_port(word)
    try:
        host = hosts.parse_host(host)
    except hosts.HostRefused as refusal:
        raise NotUnderstood(str(refusal)) from refusal
    if not host:
        raise NotUnderstood(
            _("{word!r} has no host. Enter a name or an IP address before the port.", word=word[:_SHOWN])
        )
    if port == 80:
        return AddingTarget(host, http_port=port, line=line)
    return AddingTarget(host, https_port=port, line=line)


def _part_port(word: str) -> tuple[str, int | None]:
    if word.startswith("["):
        host, bracket, rest = word[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise NotUnderstood(
                _("{word!r} is not an address such as [2001:db8::1]:8443.", word=word[:_SHOWN])
            )
        digits = rest[1:]
    elif word.count(":") == 1:
        host, _rest, digits = word.partition(":")
        rest = f":{digits}"
    else:
        return word, None
    if not rest:
        return host, None
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 5 and 1 <= int(digits) <= 65_535):
        raise NotUnderstood(_("The port of {word!r} is not a number from 1 to 65535.", word=word[:_SHOWN]))
    return host, int(digits)


def _shown(word: str) -> str:
    """The beginning of a word, without the login that some write into a URL."""
    return re.sub(r"//[^/]*@", "//…@", word)[:_SHOWN]


def _check(address: Address, word: str) -> None:
    try:
        hosts.check_address(address, word[:_SHOWN])
    except hosts.HostRefused as refusal:
        raise NotUnderstood(str(refusal)) from refusal


def _find_address(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text.strip("[]") if text.startswith("[") else text)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found
