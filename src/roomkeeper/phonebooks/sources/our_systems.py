"""Our own systems as a source: every managed one in a folder that has a SIP address."""

from collections.abc import Iterator
from typing import Final

from roomkeeper.phonebooks.dialling import MethodKind
from roomkeeper.phonebooks.models import Source
from roomkeeper.phonebooks.sources import SourceFailed, SourceKind, register
from roomkeeper.phonebooks.writing import Entry
from roomkeeper.systems.models import Folder, State, System
from roomkeeper.words import gettext as _

NAME: Final = "our_systems"


def _read(source: Source) -> Iterator[Entry]:
    folder = Folder.objects.filter(pk=source.settings.get("folder")).first()
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
        yield Entry(f"system {pk}", name or uri, ((MethodKind.SIP.value, uri, ""),), product, pk)


OUR_SYSTEMS: Final = register(SourceKind(name=NAME, label="our systems", read=_read))
