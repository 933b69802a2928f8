"""The command of the phone book: searched live at the manager (protocol notes F.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkeeper.virtual import phonebook_client
from roomkeeper.virtual.commands.registry import CommandFailed, command
from roomkeeper.virtual.xml_in import PostedCall
from roomkeeper.virtual.xml_out import Result

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint


@command("Phonebook/Search")
async def search(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Folders and contacts; the local book of a twin is empty."""
    offset, limit = int(call.first("Offset", "0")), min(int(call.first("Limit", "50")), 100)
    page = phonebook_client.FoundPage()
    if call.first("PhonebookType", "Local") == "Corporate":
        try:
            page = await phonebook_client.search_from(
                endpoint,
                call.first("SearchString"),
                folder=call.first("FolderId"),
                offset=offset,
                limit=limit,
                wanted=phonebook_client.Wanted(
                    call.first("ContactType", "Any"), call.first("SearchFilter", "All")
                ),
            )
        except phonebook_client.PhoneBookError as error:
            raise CommandFailed(str(error)) from None
    folders: list[Result] = [{"FolderId": one[0], "LocalId": one[0], "Name": one[1]} for one in page.folders]
    most = int(call.first("ContactMethodLimit", "0")) or None
    contacts: list[Result] = []
    for entry in page.entries:
        methods: list[Result] = [
            {"ContactMethodId": str(number), "Number": route[1], "Protocol": route[0]}
            for number, route in enumerate(entry.routes[:most], 1)
        ]
        contacts.append({"ContactId": entry.id, "ContactMethod": methods, "Name": entry.name})
    total = str(page.total or len(folders) + len(contacts))
    return {
        "Contact": contacts,
        "Folder": folders,
        "ResultInfo": {"Limit": str(limit), "Offset": str(offset), "TotalRows": total},
    }
