"""Our own systems as a source: every managed one in a folder that can be called by SIP or H.323."""

from collections.abc import Iterator, Mapping
from typing import Final

from django.db.models import QuerySet

from roomkeeper.devices.quirks import releases_of
from roomkeeper.operations.acts import Input
from roomkeeper.operations.filters import Identifier
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed, SourceKind, register
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.systems.documents import each_reported
from roomkeeper.systems.models import ConfigurationVersion, Folder, State, System
from roomkeeper.words import gettext as _

NAME: Final = "our_systems"
_MODE: Final = "NetworkServices/H323/Mode"


def _read(reading: Reading) -> Iterator[Record]:
    folder = Folder.objects.filter(pk=int(reading.settings.get("folder") or 0)).first()
    if folder is None:
        raise SourceFailed(
            _(
                "The folder whose systems were to stand here is deleted. Choose another, or delete this source."
            )
        )
    rows = System.objects.filter(state=State.MANAGED, folder__path__startswith=folder.path).order_by("pk")
    aliases = _aliases(rows, reading)
    for pk, name, uri, product, address in rows.values_list(
        "id", "name", "sip_uri", "product", "contact__reported_address"
    ):
        fields: dict[str, tuple[str, ...]] = {"name": (name or uri,), "sip": (uri,), "product": (product,)}
        if (known := aliases.get(pk)) is not None:
            fields |= {"h323": (known[0],), "e164": (known[1],), "ip": (_ip(address),)}
        if any(any(fields.get(kind, ())) for kind in ("sip", "h323", "e164", "ip")):
            yield Record(f"system {pk}", fields, system_id=pk)


def _ip(address: str | None) -> str:
    return address if address and ":" not in address else ""


def _aliases(rows: QuerySet[System], reading: Reading) -> dict[int, tuple[str, str]]:
    """H.323 ID and E.164 number, "" where it has none, of each system whose newest reported configuration has H.323
    turned on. A configuration that was read before is not read again: ten thousand take many seconds."""
    before = reading.memory.get("systems", {})
    newest: dict[int, list[object]] = {
        pk: [version, last_at.isoformat()]
        for pk, version, last_at in ConfigurationVersion.objects.filter(system__in=rows)
        .order_by("last_at", "id")
        .values_list("system_id", "id", "last_at")
    }
    kept = {pk: before[str(pk)] for pk, one in newest.items() if before.get(str(pk), [])[:2] == one}
    fresh = [pk for pk in newest if pk not in kept]
    for pk, reported in zip(fresh, each_reported(fresh), strict=True):
        kept[pk] = [*newest[pk], _alias_of(reported.settings) if reported is not None else None]
    reading.memory["systems"] = {str(pk): one for pk, one in kept.items()}
    return {pk: (one[2][0], one[2][1]) for pk, one in kept.items() if one[2] is not None}


def _alias_of(settings: Mapping[str, str]) -> list[str] | None:
    found = {match_key(path): value for path, value in settings.items()}
    if found.get(match_key(_MODE), "off").lower() == "off":
        return None
    # Whatever its release: each spells them in one way.
    return [
        next((found[key] for key in map(match_key, paths) if found.get(key)), "")
        for paths in (
            [one.h323_id_path for one in releases_of()],
            [one.h323_number_path for one in releases_of()],
        )
    ]


OUR_SYSTEMS: Final = register(
    SourceKind(
        name=NAME,
        label="our systems",
        meaning="Every managed system of a folder that has a SIP address, or H.323 turned on.",
        takes=(
            Input(
                name="folder",
                type=Identifier | None,
                default=None,
                refers="folders",
                label="Folder",
                meaning="Of which systems; by default the folder of the phone book.",
            ),
        ),
        read=_read,
        mapping={
            "name": ("name",),
            "sip": ("sip",),
            "h323": ("h323",),
            "e164": ("e164",),
            "ip": ("ip",),
            "note": ("product",),
        },
        every=5,
        # A folder that is moved is meant to be moved.
        shrink_limit=100,
    )
)
