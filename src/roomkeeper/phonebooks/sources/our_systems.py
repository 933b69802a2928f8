"""Our own systems as a source: every managed one in a folder that has a SIP address."""

from collections.abc import Iterator
from typing import Final

from roomkeeper.operations.acts import Input
from roomkeeper.operations.filters import Identifier
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed, SourceKind, register
from roomkeeper.systems.models import Folder, State, System
from roomkeeper.words import gettext as _

NAME: Final = "our_systems"


def _read(reading: Reading) -> Iterator[Record]:
    folder = Folder.objects.filter(pk=int(reading.settings.get("folder") or 0)).first()
    if folder is None:
        raise SourceFailed(
            _(
                "The folder whose systems were to stand here is deleted. Choose another, or delete this source."
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
        meaning="Every managed system of a folder that has a SIP address.",
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
        mapping={"name": ("name",), "sip": ("sip",), "note": ("product",)},
        every=5,
        # A folder that is moved is meant to be moved.
        shrink_limit=100,
    )
)
