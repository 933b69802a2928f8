"""Faults by switch: what goes wrong with an endpoint, at start or while it runs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, fields
from typing import Any

from roomkeeper.virtual.http_server import HttpConnection, Response


class BadFault(ValueError):
    """There is no such switch, or it takes no such value."""


@dataclass(slots=True)
class Faults:
    """The switches.  All off is a healthy endpoint."""

    slow_seconds: float = 0.0
    """Every HTTP answer waits so long."""
    drip_seconds: float = 0.0
    """Every HTTP answer leaves byte by byte, so many seconds apart."""
    half_xml: bool = False
    """Answers stop in the middle of the body, with a length that promises all of it."""
    control_bytes: bool = False
    """An HDMI device's name holds control bytes, as seen in the field (protocol notes B)."""
    certificate: str = ""
    """wrong-name, expired or other: the certificate that HTTPS shows; empty: its own."""
    key_changed: bool = False
    """HTTPS shows a fresh key, as after a factory reset."""
    tls_1_0_only: bool = False
    """HTTPS speaks TLS 1.0 and nothing else, both where it listens and where it posts."""
    refuse_logins_after: int = -1
    """After so many accepted logins every further one gets 401; -1: off."""
    locked_out: bool = False
    """Every login gets 401."""
    sign_in_page: bool = False
    """Whatever is asked, a sign-in page comes instead of XML (protocol notes D.2)."""
    restart_in_mid_request: bool = False
    """The next request is answered by half an answer and a restart; the switch then falls back."""
    no_admin_rights: bool = False
    """The account has lost its administrator's role."""
    strong_security: bool = False
    """A security mode that blocks software upgrades."""
    feedback_stopped: bool = False
    """Feedback slots are Failed and send nothing."""
    manager_address: str = ""
    """The external manager's address was changed to this one behind the manager's back."""
    keeps_value: str = ""
    """A setting whose writes are acknowledged and not done; `Passphrase` for that of accounts."""
    is_disk_full: bool = False
    """Upgrades fail for want of space."""
    is_checksum_wrong: bool = False
    """Upgrades fail for a wrong checksum."""
    never_comes_back: bool = False
    """The next restart has no end."""
    source_address: str = ""
    """Posts come from this address instead, as through a rewriting network."""

    def change(self, name: str, value: Any) -> None:
        """Set one switch by its name; raises BadFault."""
        known = {one.name for one in fields(self)}
        if name not in known:
            raise BadFault(f"no fault {name!r}; there are: {', '.join(sorted(known))}")
        kind = type(getattr(self, name))
        try:
            if kind is bool:
                if isinstance(value, str):
                    value = value.lower() in ("1", "true", "on", "yes")
                setattr(self, name, bool(value))
            else:
                setattr(self, name, kind(value))
        except (TypeError, ValueError):
            raise BadFault(f"{name} takes a {kind.__name__}") from None

    def as_dict(self) -> dict[str, Any]:
        """The switches that are on."""
        healthy = Faults()
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value != getattr(healthy, name)}

    async def write(self, connection: HttpConnection, data: bytes) -> None:
        """Let an answer leave as the switches say."""
        if self.slow_seconds:
            await asyncio.sleep(self.slow_seconds)
        if self.half_xml or self.restart_in_mid_request:
            head, blank, body = data.partition(b"\r\n\r\n")
            data = head + blank + body[: len(body) // 2]
        transport = connection.transport
        if transport is None:
            return
        if not self.drip_seconds:
            transport.write(data)
            return
        for position in range(len(data)):
            if connection.transport is None:
                return
            transport.write(data[position : position + 1])
            await asyncio.sleep(self.drip_seconds)

    def spoil(self, response: Response) -> Response:
        """Change an answer's content as the switches say."""
        if self.control_bytes and b"<Status" in response.body:
            response.body = response.body.replace(
                b"<ConnectedDevice>\n          <Name>", b"<ConnectedDevice>\n          <Name>\x01\x02\x05", 1
            )
        return response
