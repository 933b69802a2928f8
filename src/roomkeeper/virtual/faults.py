"""Faults by switch: what goes wrong with an endpoint, at start or while it runs."""

from __future__ import annotations

import asyncio
import codecs
import re
from dataclasses import dataclass, fields
from typing import Any

from roomkeeper.virtual.http_server import HttpConnection

_NAME_SHOWN = re.compile(rb"<ContactInfo\b[^>]*>\s*<.*?<Name\b[^>]*>", re.DOTALL)
_DECLARATION = re.compile(r"<\?xml[^>]*\?>")


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
    old_ciphers: bool = False
    """HTTPS speaks TLS 1.2 with CBC ciphers and SHA-1 alone; the key stays."""
    old_stack: bool = False
    """HTTPS as on a codec of 2010: TLS 1.0, key exchange by RSA, a key of 1,024 bits."""
    no_secure_renegotiation: bool = False
    """As `old_stack`, by a stack that knows no secure renegotiation (RFC 5746)."""
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
    """Feedback slots are Failed and send nothing; where failed slots are deleted (TC) they are gone."""
    feedback_gone: bool = False
    """No feedback slot is left, as after another manager's clearing or a reset; they may be registered again."""
    feedback_taken: str = ""
    """Slot 3 was registered anew for this URL by another manager."""
    manager_address: str = ""
    """The external manager's address was changed to this one behind the manager's back."""
    keeps_value: str = ""
    """A setting whose writes are acknowledged and not done; `Passphrase` for that of accounts."""
    refuses_value: str = ""
    """A setting whose every write is refused."""
    refusal_shape: str = "errors"
    """How refused settings are told (protocol notes O): errors, leaf or status."""
    clock_offset_seconds: float = 0.0
    """Its clock is ahead by so many seconds, behind by a negative number."""
    charset: str = ""
    """Posts and answers are written in this charset (`windows-1252`) instead of UTF-8."""
    charset_told: str = "declaration"
    """Where that charset is named: header, declaration, both or nowhere."""
    raw_ampersand: bool = False
    """The display name in the status holds an ampersand that is not escaped."""
    http_off: bool = False
    """Its HTTP service was turned off: nothing listens, whatever was on before."""
    second_call: str = ""
    """Somebody calls, beside any call that is up: rings, or rejected (it rang and was turned away)."""
    touch_panel_unplugged: bool = False
    """Its touch panel is lost, and listed as lost."""
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
        if name in _CHOICES and value not in _CHOICES[name]:
            raise BadFault(f"{name} takes one of {', '.join(one or '(nothing)' for one in _CHOICES[name])}")
        if name == "charset" and value:
            try:
                codecs.lookup(str(value))
            except LookupError:
                raise BadFault(f"there is no charset {value!r}") from None
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

    def spoil(self, body: bytes, content_type: str) -> tuple[bytes, str]:
        """What leaves instead of a document, whether answered or posted, and its content type."""
        if b"<Status" in body:
            if self.control_bytes:
                body = body.replace(
                    b"<ConnectedDevice>\n          <Name>",
                    b"<ConnectedDevice>\n          <Name>\x01\x02\x05",
                    1,
                )
            if self.raw_ampersand:
                body = _NAME_SHOWN.sub(lambda found: found[0] + b"Audio & Video ", body, count=1)
        if self.charset and content_type.startswith("text/xml"):
            return self._recode(body)
        return body, content_type

    def _recode(self, body: bytes) -> tuple[bytes, str]:
        in_header = self.charset_told in ("header", "both")
        in_declaration = self.charset_told in ("declaration", "both")
        declaration = (
            f'<?xml version="1.0" encoding="{self.charset}"?>' if in_declaration else '<?xml version="1.0"?>'
        )
        text = _DECLARATION.sub(declaration, body.decode("utf-8", "replace"), count=1)
        return text.encode(self.charset, "xmlcharrefreplace"), (
            f"text/xml; charset={self.charset}" if in_header else "text/xml"
        )


_CHOICES = {
    "certificate": ("", "wrong-name", "expired", "other"),
    "refusal_shape": ("errors", "leaf", "status"),
    "charset_told": ("header", "declaration", "both", "nowhere"),
    "second_call": ("", "rings", "rejected"),
}
