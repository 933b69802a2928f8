"""What is registered at a Cisco Expressway or VCS as a source: its aliases, of every peer of the cluster.

An alias is all that a registration has for a name: a device that is off is not told, and goes. Where several
registrations share an alias, as of one device by SIP and by H.323, they are one record.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from roomkeeper.operations.acts import Input
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed, SourceKind, register
from roomkeeper.phonebooks.sources.bounds import Bounds, key_of
from roomkeeper.phonebooks.sources.fetching import LOGIN_INPUTS, TLS_INPUTS, Credentials, HttpClient
from roomkeeper.phonebooks.sources.json_values import decode_json
from roomkeeper.phonebooks.sources.urls import checked_url, server_of
from roomkeeper.protocols import registrations
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.registrations import Registration
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext

NAME: Final = "registrations"
MOST_PEERS: Final = 12  # a cluster has six
MOST: Final = 50_000
_KINDS: Final = (registrations.SIP, registrations.H323_ID, registrations.E164)


@dataclass(slots=True)
class _Device:
    """Registrations that share an alias."""

    found: list[Registration] = field(default_factory=list)

    @property
    def best(self) -> str:
        """The alias by which it is known, in whichever order its registrations are told: a SIP address before an H.323
        ID before a number, and of several the first by letters."""
        for kind in _KINDS:
            aliases = sorted(alias for one in self.found for its, alias in one.aliases if its == kind)
            if aliases:
                return aliases[0]
        return ""

    def fields(self) -> Iterator[tuple[str, str]]:
        best = self.best
        yield "name", best.partition("@")[0]
        yield "alias", best
        values = [
            *(pair for one in self.found for pair in one.aliases),
            *(("protocol", one.protocol) for one in self.found),
            *(("product", one.product) for one in self.found),
            *(("subzone", one.subzone) for one in self.found),
            *(("peer", one.peer) for one in self.found),
            *(("address", one.address) for one in self.found),
        ]
        yield from dict.fromkeys(values)


def devices_of(found: Iterable[Registration]) -> tuple[list[_Device], int]:
    """(the devices, how many registrations have no alias that can be dialled)."""
    devices: list[_Device] = []
    by_alias: dict[str, _Device] = {}
    nameless = 0
    for one in found:
        aliases = [alias.lower() for kind, alias in one.aliases if kind in _KINDS]
        if not aliases:
            nameless += 1
            continue
        device = next((by_alias[alias] for alias in aliases if alias in by_alias), None)
        if device is None:
            device = _Device()
            devices.append(device)
        device.found.append(one)
        by_alias.update(dict.fromkeys(aliases, device))
    return devices, nameless


def _peers_of(reading: Reading) -> list[str]:
    """The addresses of all peers. Raises `SourceFailed`."""
    lines = str(reading.settings.get("peers") or "").replace(",", "\n").splitlines()
    given = [str(reading.settings.get("url") or ""), *(line for line in lines if line.strip())]
    peers = [checked_url(one if "://" in one else f"https://{one.strip()}").rstrip("/") for one in given]
    if len(set(peers)) > MOST_PEERS:
        raise SourceFailed(_("A cluster has at most {count} peers.", count=MOST_PEERS))
    return list(dict.fromkeys(peers))


def _fetch(peer: str, reading: Reading, login: Credentials, mended: list[str]) -> list[Registration]:
    """The registrations that a peer tells. Raises `SourceFailed`."""
    by = str(reading.settings.get("by") or "")
    with HttpClient(reading, peer, login, limit=registrations.LIMIT) as client:
        server = server_of(peer)
        try:
            if by != "json":
                answer = client.fetch("GET", peer + registrations.STATUS_PATH, accepts=() if by else (404,))
                if answer.status != 404:
                    kind = answer.headers.get("content-type", "")
                    return registrations.decode_status(answer.body, kind, notes=mended)
            answer = client.fetch("GET", peer + registrations.MANAGEMENT_PATH)
            return registrations.decode_management(decode_json(answer.body, server))
        except ProtocolError as error:
            raise SourceFailed(
                _("The answer of {server} does not tell registrations. {error}", server=server, error=error)
            ) from error


def _read(reading: Reading) -> Iterator[Record]:
    settings, bounds = reading.settings, Bounds()
    login = Credentials.of_login(settings)
    mended: list[str] = []
    # All of them before the first is told: half a cluster would look like half of its devices gone.
    found: list[Registration] = []
    for peer in _peers_of(reading):
        found += _fetch(peer, reading, login, mended)
        if len(found) > MOST:
            raise SourceFailed(
                _("There are more than {count} registrations. What stands was kept.", count=MOST)
            )
    devices, nameless = devices_of(found)
    for device in devices[: reading.most]:
        yield Record(key_of(device.best.lower()), bounds.fields(device.fields()), at=device.best[:200])
    if nameless:
        reading.warnings.append(
            ngettext(
                "{count} registration has no alias that can be dialled.",
                "{count} registrations have no alias that can be dialled.",
                nameless,
            )
        )
    if mended:
        reading.warnings.append(
            _("The answer is not well-formed XML and was mended: {what}", what=" ".join(mended[:3])[:300])
        )
    bounds.tell(reading)


EXPRESSWAY: Final = register(
    SourceKind(
        name=NAME,
        label="Expressway registrations",
        meaning="What is registered at a Cisco Expressway or VCS, by SIP and H.323.",
        takes=(
            Input(name="url", most=500, label="Address", meaning="As https://expressway.example.org."),
            Input(
                name="peers",
                default="",
                most=2_000,
                is_long=True,
                label="Other peers",
                meaning="Of the cluster, one on each line: by XML each peer tells its own registrations.",
            ),
            Input(
                name="by",
                default="",
                choices=(
                    ("", "XML, else JSON"),
                    ("xml", "status as XML"),
                    ("json", "management API as JSON"),
                ),
                label="By",
            ),
            *LOGIN_INPUTS,
            *TLS_INPUTS,
        ),
        read=_read,
        mapping={
            "name": ("name",),
            "note": ("product",),
            "sip": ("sip",),
            "h323": ("h323",),
            "e164": ("e164",),
        },
        every=30,
        reaches_out=True,
    )
)
