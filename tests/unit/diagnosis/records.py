"""A healthy record and view, from which tests change what they are about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from roomkeeper.diagnosis.record import DeviceView, Manager, Posts, Record, Secret

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SECRET = "a2" * 16
EVENTS = f"tms/public/external/management/SystemManagementService.asmx/{SECRET}"
FEEDBACK = f"http://rooms.example.org/tms/public/feedback/code.aspx/{SECRET}"
POSTS = Posts(
    last_at=NOW - timedelta(minutes=2),
    next_due_at=NOW + timedelta(minutes=13),
    overdue_at=NOW + timedelta(minutes=29),
    interval=900,
    scheme="http",
    used_host="rooms.example.org",
    source="10.1.2.3",
    reported="10.1.2.3",
)
CONFIGURATION = {
    "Provisioning/Mode": "TMS",
    "Provisioning/ExternalManager/Address": "rooms.example.org",
    "Provisioning/ExternalManager/Path": EVENTS,
    "Provisioning/ExternalManager/Protocol": "HTTP",
    "NetworkServices/HTTP/Proxy/Mode": "Off",
}
STATUS = {
    "Provisioning/Status": "Provisioned",
    "HttpFeedback[3]/URL": FEEDBACK,
    "HttpFeedback[3]/Status": "OK",
}


def record(**changes: Any) -> Record:
    """A system on the LAN that is as it should be."""
    posts = replace(POSTS, **changes.pop("posts", {}))
    manager = {
        "scheme": "http",
        "authority": "rooms.example.org",
        "sides": frozenset({"rooms.example.org", "public.example.org"}),
        "old_hosts": frozenset({"rooms.example.org", "old.example.org"}),
        "slot": 3,
        **changes.pop("manager", {}),
    }
    values = {
        "name": "Boardroom",
        "state": "managed",
        "connectivity": "reachable_on_lan",
        "is_secure_only": False,
        "secret": Secret((SECRET,), NOW - timedelta(days=3)),
        **changes,
    }
    return Record(posts=posts, manager=Manager(**manager), **values)


def view(
    status: dict[str, str] | None = None, configuration: dict[str, str] | None = None, **how: Any
) -> DeviceView:
    """What it says, changed by what is given; "" as a key's value stays, None takes the key away."""

    def merged(base: dict[str, str], changes: dict[str, Any] | None) -> dict[str, str]:
        found = {**base, **(changes or {})}
        return {key: value for key, value in found.items() if value is not None}

    return DeviceView(
        merged(STATUS, status), merged(CONFIGURATION, configuration), **{"at": NOW, "is_live": True, **how}
    )
