"""Who really called: forwarded headers are believed from trusted proxies only (rule R1)."""

from collections.abc import Sequence
from typing import Any

from roomkeeper.systems.addresses import Network, host_of, is_within, parse_address

Scope = dict[str, Any]


def resolve(scope: Scope, trusted: Sequence[Network]) -> Scope:
    """The scope with client, scheme and Host as the outermost trusted proxy saw them; unchanged without one."""
    client = scope.get("client")
    if not trusted or not client or not is_within(client[0], trusted):
        return scope
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
    if scheme in (b"http", b"https"):
        resolved["scheme"] = scheme.decode()
    host = forwarded.get(b"x-forwarded-host", b"").split(b",")[-1].strip()
    if host:
        headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
        resolved["headers"] = [*headers, (b"host", host)]
    return resolved


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
