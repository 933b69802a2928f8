"""Systems that still call an address of this server that was changed, as people and programs see them."""

from datetime import datetime

from django.db.models import Q

from roomkeeper.accounts.permissions import Permission
from roomkeeper.operations.fields import Field
from roomkeeper.operations.subjects import CommandLine, Pages, Subject, register
from roomkeeper.systems.models import System
from roomkeeper.systems.network_settings import former_addresses

STRAGGLERS = register(
    Subject(
        noun="straggler",
        plural="stragglers",
        model=System,
        meaning="Managed systems that still call an address of this server that was changed.",
        address="network-settings/stragglers",
        command_line=CommandLine(name="stragglers"),
        seen_by=lambda grants: Q(pk__in=former_addresses.stragglers().values("pk")),
        place=lambda row: row.folder.path,
        needs=Permission.VIEW_SERVER,
        anywhere=False,
        order="name",
        search=("name", "contact__used_host"),
        related=("folder", "contact"),
        topic="systems",
        pages=Pages(
            heading="Still calling an old address",
            help="network-settings",
            empty="Every managed system calls an address that is in force.",
        ),
        fields=(
            Field(name="id", type=int),
            Field(name="system", type=int, at="pk", sort=""),
            Field(
                name="name",
                type=str,
                read=str,
                sort="name",
                heading="System",
                cell="stragglers/cell_name.html",
            ),
            Field(
                name="called",
                type=str,
                at="contact__used_host",
                meaning="The address of this server that its last post called.",
                sort="",
                heading="Called",
                cell="value",
            ),
            Field(
                name="last_seen_at",
                type=datetime | None,
                at="contact__last_seen_at",
                sort="",
                heading="Last post",
                cell="when",
            ),
        ),
    )
)
