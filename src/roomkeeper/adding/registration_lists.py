"""Lists of systems to register before they phone home, as people paste them: lines with their faults."""

from dataclasses import dataclass
from typing import Final

from django.db.models.functions import Upper

from roomkeeper.accounts.person import Person
from roomkeeper.operations.csv_tables import heading_word, read_table
from roomkeeper.systems import admission, inventory
from roomkeeper.systems.addresses import parse_address
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _

LINES_LIMIT: Final = 5_000
_COLUMNS: Final = {
    "mac": "mac",
    "mac_address": "mac",
    "serial": "serial",
    "serial_number": "serial",
    "name": "name",
    "ip": "ip",
    "ip_address": "ip",
    "address": "ip",
    "tags": "tags",
}
_LOOKED_UP: Final = 400


@dataclass
class Line:
    """A line of the list: what is said of a system, and why it cannot be registered; its code once it is."""

    number: int
    mac: str = ""
    serial: str = ""
    name: str = ""
    ip: str = ""
    tags: str = ""
    error: str = ""
    code: str = ""


def read_lines(text: str) -> list[Line]:
    """Lines of MAC or serial, name, IP address, tags, with or without a heading; commas, semicolons or tabs between.
    Raises `EncodedTwice`."""
    table = read_table(text.strip())
    if table is None:
        return []
    columns = [_COLUMNS.get(heading_word(cell), "") for cell in table.heading]
    has_heading = any(columns) and all(
        columns[at] or not cell.strip() for at, cell in enumerate(table.heading)
    )
    rows = table.rows if has_heading else [(1, table.heading), *table.rows]
    lines = [Line(number, error=sentence) for number, sentence in table.problems]
    for number, cells in rows[: LINES_LIMIT + 1]:
        stripped = [cell.strip() for cell in cells]
        said = zip(columns if has_heading else _guess(stripped[0]), stripped, strict=False)
        lines.append(Line(number, **{name: cell for name, cell in said if name}))
    if len(lines) > LINES_LIMIT:
        lines[-1].error = _("Only the first {limit} lines are used at once.", limit=LINES_LIMIT)
    return lines


def _guess(first: str) -> list[str]:
    """Without a heading: first the MAC address, serial number or expected address, then the name."""
    try:
        inventory.normalize_mac(first)
    except ValueError:
        # No serial number is written with colons: it was meant as a MAC address, and is refused as one.
        is_mac = ":" in first
    else:
        is_mac = True
    if parse_address(first) is not None:
        return ["ip", "name", "tags"]
    return ["mac" if is_mac else "serial", "name", "ip", "tags"]


def check(lines: list[Line], user: Person) -> None:
    """Give each line that cannot be registered its sentence; writes nothing."""
    seen: dict[str, int] = {}
    for line in lines:
        try:
            line.mac = inventory.normalize_mac(line.mac) if line.mac else ""
        except ValueError as refusal:
            line.error = str(refusal)
        if line.ip and parse_address(line.ip) is None:
            line.error = line.error or _("{ip} is not an IP address.", ip=line.ip)
        if not line.error and not line.mac and not line.serial and not line.ip:
            line.error = _("It needs a MAC address, a serial number, or the address where it is expected.")
        own = (line.mac, line.serial) if line.mac or line.serial else (line.ip,)
        for key in own:
            if key and not line.error:
                if key in seen:
                    line.error = _("The same system is in line {seen}.", seen=seen[key])
                seen.setdefault(key, line.number)
    known: dict[str, System] = {}
    for start in range(0, len(lines), _LOOKED_UP):
        part = lines[start : start + _LOOKED_UP]
        admitted = System.objects.exclude(state="pending").select_related("folder")
        for system in admitted.filter(mac_address__in=[line.mac for line in part if line.mac]):
            known[system.mac_address] = system
        same = admitted.annotate(key=Upper("serial_number"))
        for system in same.filter(key__in=[line.serial.upper() for line in part if line.serial]):
            known[system.serial_number.upper()] = system
    for line in lines:
        other = known.get(line.mac) if line.mac else None
        other = other or (known.get(line.serial.upper()) if line.serial else None)
        if other is not None and not line.error:
            line.error = _("{label} already has that identity.", label=admission.label_for(user, other))
