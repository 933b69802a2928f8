"""Writes docs/reference/network-settings.md out of the table of Network settings.

Run it after changing the table; `make check` holds the page against it.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

os.environ.setdefault("ROOMKEEPER_DATA", tempfile.mkdtemp(prefix="roomkeeper-settings-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roomkeeper.settings.django")

import django

django.setup()

from roomkeeper.systems.models.setting_kinds import Setting, sections_of  # noqa: E402
from roomkeeper.systems.network_settings import TABLE  # noqa: E402

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference" / "network-settings.md"
_HEAD: Final = """\
# Network settings

<!-- Written by scripts/generate_network_settings.py from the table in systems/models/network_settings.py; do not edit
by hand. -->

How devices know this server, and the rules towards them. Changed under **Administration → Network settings**, by
`PATCH /api/v1/network-settings` or with `roomkeeper network-settings set NAME=VALUE...`; all values that are sent are
taken, or none. [Settings](settings.md) of the server itself are another page. The *name* is the place in the API:
`heartbeat.idle` is `{"heartbeat": {"idle": 900}}`.
"""
_TAIL: Final = """\
## What a change does

**Changing an address**, the feedback slot or an SNMP value hands the management settings to every managed
system with its next answer. Until all have posted, the old address must go on answering: a system that cannot reach
it cannot be told the new one.

**Time servers and time zone** are defaults, the weakest [layer](../explanation/delivery.md): a template of a folder,
or a persistent setting, says otherwise for its systems. What differs is [drift](../how-to/drift.md) and restored by
itself. An empty field wants nothing, and leaves systems as they are.

**The address that a system is told** is worked out in one place, for what is written to devices, for what pages
show to be typed and for DHCP. Of its side the outside host wins, then the host name, then IPv4, then IPv6. Loopback
addresses are told to systems on this machine alone, unspecified ones to nobody. Where a side is empty, a system
keeps the address that it uses. The port is the outside port; where none is set, the one that the system used; for
one that never posted, or that moves from HTTP to HTTPS, 80 and 443 behind trusted proxies, else that of the
listener. Where no address is known, nothing that needs one is written, and a ticket says so. At the first start the
first listener's address is entered as the internal one, if other machines can call it.

**Smaller intervals** mean more posts: 10,000 systems at 900 s are 11 posts a second, at 30 s they are 333.

`heartbeat.unknown` is long enough to cost little and short enough that an admitted system is not long in coming
back. Raise it if many unknown devices call.
"""


def text() -> str:
    """The page."""
    parts = [_HEAD]
    for section, rows in sections_of(TABLE.values()):
        parts += [f"## {section.title}", ""]
        parts += [section.words, ""] if section.words else []
        parts += [
            "| name | default | takes | meaning |",
            "|---|---|---|---|",
            *(row(one) for one in rows),
            "",
        ]
    return "\n".join([*parts, _TAIL])


def row(one: Setting) -> str:
    """The row of one setting."""
    words = ". ".join(part.rstrip(".") for part in (one.label, one.hint) if part)
    return f"| `{one.at}` | {_start(one)} | {_takes(one)} | {words} |"


def _start(one: Setting) -> str:
    if isinstance(one.start, bool):
        return "on" if one.start else "off"
    return f"`{one.start}`" if one.start not in (None, "", b"", []) else "empty"


def _takes(one: Setting) -> str:
    if one.form == "number":
        return f"{one.least:,} to {one.most:,}"
    if one.form == "lines":
        return f"a list of at most {one.most:,}"
    return {"switch": "on or off", "pem": "PEM", "secret": "a text; kept encrypted, never read back"}.get(
        one.form, "a text"
    )


def main() -> int:
    """Write the page, or with --check say whether it is as it should be."""
    if "--check" in sys.argv:
        if PAGE.exists() and PAGE.read_text("utf-8") == text():
            return 0
        sys.stderr.write(
            "docs/reference/network-settings.md is out of date: run scripts/generate_network_settings.py.\n"
        )
        return 1
    PAGE.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
