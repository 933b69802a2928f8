"""Who really called: forwarded headers are believed from trusted proxies only (rule R1)."""

import re
from collections.abc import Sequence
from typing import Any

from roomkeeper.accounts.source import THROUGH_A_STRANGER
from roomkeeper.external_manager import strangers
from roomkeeper.systems.addresses import Network, host_of, is_within, parse_address

Scope = dict[str, Any]

_FORWARDED_LIMIT = 4_096
_PAIR = re.compile(
    r"""[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*)"|([^",;=\s]+))[ \t]*([,;]?)"""
)
_TELLING = frozenset({b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"forwarded"})
_ESCAPED = re.compile(r"\\(.)")


def resolve(scope: Scope, trusted: Sequence[Network], told_by: str = "x-forwarded") -> Scope:
    """The scope with client, scheme and Host as the outermost trusted proxy saw them; unchanged without one.

    `told_by` is the one way that is believed (`proxies_tell`): a proxy replaces the header that it sets, and passes on
    the other as a client has written it.
    """
    client = scope.get("client")
    if client and not is_within(client[0], trusted) and any(name in _TELLING for name, _ in scope["headers"]):
        return _from_a_stranger(scope, client[0])
    if told_by == "proxy-protocol" or not trusted or not client or not is_within(client[0], trusted):
        return scope
    if told_by == "forwarded":
        return _resolve_forwarded(scope, trusted)
    forwarded: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in (b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"):
            joined = forwarded.get(name)
            forwarded[name] = value if joined is None else joined + b"," + value
    resolved = dict(scope)
    source = _last_untrusted(forwarded.get(b"x-forwarded-for", b""), trusted)
    if source:
        resolved["client"] = (source, 0)
    scheme = forwarded.get(b"x-forwarded-proto", b"").split(b",")[-1].strip().lower()
    host = forwarded.get(b"x-forwarded-host", b"").split(b",")[-1].strip()
    _put(resolved, scheme.decode("latin-1"), host)
    return resolved


def _from_a_stranger(scope: Scope, source: str) -> Scope:
    strangers.NOTED.note(source)
    return {**scope, THROUGH_A_STRANGER: True}


def _put(resolved: Scope, scheme: str, host: bytes) -> None:
    if scheme in ("http", "https"):
        resolved["scheme"] = scheme
    if host:
        headers = [(name, value) for name, value in resolved["headers"] if name != b"host"]
        resolved["headers"] = [*headers, (b"host", host)]


def _resolve_forwarded(scope: Scope, trusted: Sequence[Network]) -> Scope:
    hops = read_forwarded(b",".join(value for name, value in scope["headers"] if name == b"forwarded"))
    if not hops:
        return scope
    resolved = dict(scope)
    source = _last_untrusted(b",".join(hop.get("for", "unknown").encode("latin-1") for hop in hops), trusted)
    if source:
        resolved["client"] = (source, 0)
    _put(resolved, hops[-1].get("proto", "").lower(), hops[-1].get("host", "").encode("latin-1"))
    return resolved


def read_forwarded(header: bytes) -> list[dict[str, str]]:
    """The hops of a `Forwarded` header (RFC 7239), the client's first, names in lower case; none of a header that is
    not well formed, for then nothing of it can be believed."""
    text = header.decode("latin-1").strip()
    if not text or len(text) > _FORWARDED_LIMIT:
        return []
    hops: list[dict[str, str]] = [{}]
    place = 0
    while place < len(text):
        found = _PAIR.match(text, place)
        if found is None:
            return []
        name, quoted, token, end = found.groups()
        name = name.lower()
        if name in hops[-1]:
            return []
        hops[-1][name] = token if quoted is None else _ESCAPED.sub(r"\1", quoted)
        if end == ",":
            hops.append({})
        place = found.end()
        if place == len(text) and end:
            return []
    return hops


def _last_untrusted(chain: bytes, trusted: Sequence[Network]) -> str:
    """From right to left, the first address that is no proxy of ours: all further left could be made up."""
    found = ""
    for part in reversed(chain.split(b",")):
        # Some proxies write the client's port behind its address.
        address = parse_address(host_of(part.decode("latin-1")))
        if address is None:
            return found
        found = str(address)
        if not is_within(found, trusted):
            return found
    return found
