"""The stored systems that a batch of posts concerns, read set-wise as plain rows (`Known`).

This is the hot path of the product: raw SQL, no model instances, times compared inside the query.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

from django.db import connection

from roomkeeper.systems.check_ins import statements

# How old the kept documents may grow before new ones are asked for.
STATUS_AGE = timedelta(minutes=14)
CONFIGURATION_AGE = timedelta(hours=24)
ASK_AGAIN_AFTER = timedelta(seconds=20)


_NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Known:
    """A stored system as a batch needs it; changed in place while the batch's posts are handled in turn."""

    system_id: int
    state: str
    serial_number: str
    mac_address: str
    family: str
    name: str
    connectivity: str
    connectivity_is_locked: bool
    is_secure_only: bool
    has_http_off: bool
    has_moved_to_secure_only: bool
    management_is_due: bool
    management_rounds: int
    admission_network: str
    folder_path: str
    is_new: bool
    interval: int
    last_event: str
    reported_address: str
    source_address: str
    used_host: str
    scheme: str
    software_version: str
    reported_name: str
    beat_entry_id: int | None
    status_entry_id: int | None
    has_work: bool
    is_probing: bool
    is_watched: bool
    status_is_old: bool
    configuration_is_old: bool
    documents_were_asked: bool
    is_alive: bool | None
    wants_https_proof: bool
    # Its first post since none could be taken for a while: its feedback slot may be lost.
    comes_after_outage: bool
    taken_today: int
    has_phone_book: bool
    is_proven: bool


FIELDS = len(fields(Known))
_COLUMNS = """
    s.id, s.state, s.serial_number, s.mac_address, s.family, s.name, s.connectivity, s.connectivity_is_locked,
    s.is_secure_only, s.has_http_off, s.secure_only_completed_at IS NOT NULL, s.management_is_due, s.management_rounds,
    s.admission_network, f.path,
    c.first_seen_at IS NULL, c."interval", c.last_event, c.reported_address, c.source_address, c.used_host, c.scheme,
    c.software_version, c.reported_name, c.beat_entry_id, c.status_entry_id, c.has_work, c.is_probing,
    COALESCE(c.watched_until > %s, %s), c.status_at IS NULL OR c.status_at < %s,
    c.configuration_at IS NULL OR c.configuration_at < %s, COALESCE(c.documents_asked_at > %s, %s), c.is_alive,
    s.https_proof = 'asked', COALESCE(c.last_seen_at < %s, %s),
    CASE WHEN c.taken_day = %s THEN c.taken_bytes ELSE 0 END, (s.has_own_phone_book OR f.has_phone_book)
"""
_FROM = """
    FROM systems_system s JOIN systems_folder f ON f.id = s.folder_id
    JOIN systems_contact c ON c.system_id = s.id
"""
_BY_SECRET = (
    "SELECT"
    + _COLUMNS
    + ", x.stage = 'current' OR x.stage = 'next', x.id, x.stage, x.digest"
    + _FROM
    + "JOIN systems_systemsecret x ON x.system_id = s.id WHERE x.digest {among}"
    # A pending secret that ran out proves nothing any more: a person is asked (rule R4).
    + " AND (x.expires_at IS NULL OR x.expires_at > %s) ORDER BY s.id"
)
_PROVEN = ", EXISTS (SELECT 1 FROM systems_systemsecret x WHERE x.system_id = s.id AND x.stage = 'current')"
_BY_CLAIMS = (
    "SELECT"
    + _COLUMNS
    + _PROVEN
    + _FROM
    + "WHERE s.state <> 'pending' AND (UPPER(s.serial_number) {serials} OR s.mac_address {macs}) ORDER BY s.id"
)
_CARRIERS = "SELECT mac_address, system_id FROM systems_networkcard WHERE mac_address {macs}"
_BY_ID = "SELECT" + _COLUMNS + _PROVEN + _FROM + "WHERE s.id {among} ORDER BY s.id"


def ordinal(now: datetime) -> int:
    """The day of UTC as a number."""
    return now.astimezone(UTC).toordinal()


class Roster:
    """The systems of one batch: found by secret digest and by claims. A system is one `Known`, however found."""

    def __init__(self, now: datetime, *, resumed_at: datetime | None = None) -> None:
        """`resumed_at`: when posts were taken again after a time in which none could be."""
        self._now = now
        self._moments = [
            now,
            False,
            now - STATUS_AGE,
            now - CONFIGURATION_AGE,
            now - ASK_AGAIN_AFTER,
            False,
            resumed_at or _NEVER,
            False,
            ordinal(now),
        ]
        self.by_id: dict[int, Known] = {}
        self._by_digest: dict[bytes, tuple[Known, int, str]] = {}
        self._by_serial: dict[str, list[Known]] = {}
        self._by_mac: dict[str, list[Known]] = {}
        self._carriers: dict[str, set[int]] = {}

    def load_secrets(self, digests: Collection[bytes]) -> None:
        """Find the systems of these secrets, locking their contact rows where the database can."""
        if not digests:
            return
        among, wanted = statements.among(digests)
        sql = _BY_SECRET.format(among=among) + _lock()
        for row in statements.execute(sql, [*self._moments, *wanted, self._now]):
            secret_id, stage, digest = row[FIELDS:]
            self._by_digest[bytes(digest)] = (self._keep(Known(*row[:FIELDS])), secret_id, stage)

    def load_claims(self, serials: Collection[str], macs: Collection[str]) -> None:
        """Find the systems, the inbox left out, that have one of these serial numbers or MAC addresses."""
        if not serials and not macs:
            return
        among_serials, wanted_serials = statements.among({serial.upper() for serial in serials})
        among_macs, wanted_macs = statements.among(macs)
        sql = _BY_CLAIMS.format(serials=among_serials, macs=among_macs) + _lock()
        for row in statements.execute(sql, [*self._moments, *wanted_serials, *wanted_macs]):
            self.index_claims(self._keep(Known(*row[:FIELDS])))
        sql = _CARRIERS.format(macs=among_macs)
        for mac, system_id in statements.execute(sql, wanted_macs) if macs else ():
            self._carriers.setdefault(mac, set()).add(system_id)

    def load_ids(self, system_ids: Iterable[int]) -> None:
        """Read these systems (anew), such as those that the batch itself has just made."""
        among, wanted = statements.among(list(system_ids))
        if wanted:
            sql = _BY_ID.format(among=among) + _lock()
            for row in statements.execute(sql, [*self._moments, *wanted]):
                self.by_id[row[0]] = Known(*row[:FIELDS])

    def index_claims(self, known: Known) -> None:
        """Make the system findable by what it is stored to be."""
        for index, key in ((self._by_serial, known.serial_number.upper()), (self._by_mac, known.mac_address)):
            if key and known not in index.setdefault(key, []):
                index[key].append(known)

    def find_by_digest(self, digest: bytes | None) -> tuple[Known, int, str] | None:
        """The system with that secret, the secret's id and stage."""
        return self._by_digest.get(digest) if digest is not None else None

    def find_by_claims(self, serial: str, mac: str) -> list[Known]:
        """Systems that share the serial number or the MAC address, each once."""
        found = list(self._by_serial.get(serial.upper(), ())) if serial else []
        found += [known for known in self._by_mac.get(mac, ()) if known not in found] if mac else []
        return found

    def carriers_of(self, mac: str) -> Collection[int]:
        """Systems of which the MAC address is another network card's."""
        return self._carriers.get(mac, ())

    def _keep(self, known: Known) -> Known:
        return self.by_id.setdefault(known.system_id, known)


def _lock() -> str:
    # SQLite's transactions are IMMEDIATE: the batch is the only writer anyway.
    return " FOR UPDATE OF c" if connection.vendor == "postgresql" else ""
