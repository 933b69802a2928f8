"""Addresses that endpoints dialled, and whether anybody was reached: by that dead entries of phone books are found."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from roomkeeper.phonebooks import dialling
from roomkeeper.phonebooks.models import Contact, DialledAddress
from roomkeeper.systems.documents.events import Event

DEAD_AFTER: Final = 5
"""Calls to an address of which none was connected, from which on it counts as dead."""

# Ended by the caller, or by somebody who was reached: these say nothing of the address.
_PROVE_NOTHING: Final = frozenset({"localdisconnect", "localbusy", "remotebusy", "remotereject", "transfer"})


def note_calls(events: Sequence[Event]) -> None:
    """Count the outgoing calls that ended, by what was dialled. Only what stands in a phone book is counted."""
    ended: dict[str, list[tuple[Event, bool]]] = defaultdict(list)
    for event in events:
        if event.name != "CallDisconnect" or event.values.get("OrigCallDirection", "").lower() != "outgoing":
            continue
        address = event.values.get("RequestedURI") or event.values.get("RemoteURI") or ""
        key, duration = dialling.key_of(address), event.values.get("Duration", "").strip()
        cause = event.values.get("CauseType", "").lower()
        is_connected = duration.isdigit() and int(duration[:9]) > 0
        if key and (is_connected or cause not in _PROVE_NOTHING):
            ended[key].append((event, is_connected))
    if not ended:
        return
    known = set(Contact.objects.filter(dial_key__in=ended).values_list("dial_key", flat=True))
    rows = {one.key: one for one in DialledAddress.objects.select_for_update().filter(key__in=known)}
    for key in sorted(known & ended.keys()):
        row = rows.get(key) or DialledAddress(key=key)
        for event, is_connected in ended[key]:
            _count(row, event, is_connected=is_connected)
        row.save()


def _count(row: DialledAddress, event: Event, *, is_connected: bool) -> None:
    call = f"{event.known.system_id}/{event.values.get('CallId', '')[:20]}"
    if call == row.last_call:
        return
    row.calls, row.connected = row.calls + 1, row.connected + is_connected
    row.last_call, row.last_at = call, event.at
    row.last_cause = event.values.get("CauseType", "")[:100]
