"""Our own systems as a source: every managed one in a folder that has a SIP address."""

from collections.abc import Iterator
from typing import Final

from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed, SourceKind, register
from roomkeeper.systems.models import Folder, State, System
from roomkeeper.words import gettext as _

NAME: Final = "our_systems"


def _read(reading: Reading) -> Iterator[Record]:
    folder = Folder.objects.filter(pk=int(reading.settings.get("folder") or 0)).first()
    if folder is None:
        raise SourceFailed(
            _(
                "The folder of which the systems were to stand here is deleted. Delete this source, and add another."
            )
        )
    rows = System.objects.filter(state=State.MANAGED, folder__path__startswith=folder.path).exclude(
        sip_uri=""
    )
    for pk, name, uri, product in rows.order_by("pk").values_list("id", "name", "sip_uri", "product"):
        fields = {"name": (name or uri,), "sip": (uri,), "product": (product,)}
        yield Record(f"system {pk}", fields, system_id=pk)


OUR_SYSTEMS: Final = register(
    SourceKind(
        name=NAME,
        label="our systems",
        read=_read,
        mapping={"name": ("name",), "sip": ("sip",), "note": ("product",)},
        every=5,
    )
)
