"""What a status or feedback says about the record of a system itself. Inside the caller's transaction."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from roomkeeper.devices.names import SIP_URI
from roomkeeper.devices.recognition import recognise_family
from roomkeeper.devices.registry import get_family
from roomkeeper.protocols.xapi.status import first_value
from roomkeeper.systems.admission import identities
from roomkeeper.systems.check_ins.roster import Known
from roomkeeper.systems.check_ins.writes import Writes
from roomkeeper.systems.models import Contact, StoredDocument

SOFTWARE: Final = "SystemUnit/Software/Version"
# By the kind of a document: what describes the software, not the system.
DESCRIPTIONS: Final = {
    "command": StoredDocument.Kind.COMMAND,
    "valuespace": StoredDocument.Kind.VALUESPACE,
}


def forget_descriptions(changed: Sequence[Known], before: Collection[int]) -> None:
    """Another software has other commands and value spaces than the one whose status was stored `before`: those are
    dropped, and asked for with the system's next post."""
    if not changed:
        return
    ids = [known.system_id for known in changed]
    old = [system_id for system_id in ids if system_id in before]
    StoredDocument.objects.filter(system_id__in=old, kind__in=DESCRIPTIONS.values()).delete()
    Contact.objects.filter(system_id__in=ids).update(has_work=True)
    for known in changed:
        known.has_work = True


def software_of(told: Mapping[str, str]) -> str:
    """The software version among these facts, "" where there is none."""
    return first_value(told, SOFTWARE)


def learn(known: Known, values: Mapping[str, str], version: str, product_type: str, writes: Writes) -> None:
    """What a status says about the system itself (protocol notes I.1). `version` is that of the document's head."""
    columns = writes.columns[known.system_id]
    product = first_value(values, "SystemUnit/ProductId", "SystemUnit/ProductPlatform")
    version = first_value(values, SOFTWARE) or version
    serial = first_value(values, "SystemUnit/Hardware/Module/SerialNumber")
    mac = first_value(values, "Network/Ethernet/MacAddress")
    if product:
        columns["product"] = product[:255]
    if version:
        columns["software_version"] = version[:255]
        # Its platform tells apart what a product's name may not.
        platform = first_value(values, "SystemUnit/Software/Name")
        family = recognise_family(product_type, f"{product} {platform}".strip(), version)
        # One that said itself that it cannot call has no other name to be known by.
        if not get_family(known.family).never_calls or get_family(family).is_fallback:
            columns["family"] = family
    if uri := first_value(values, *SIP_URI):
        columns["sip_uri"] = uri[:255]
    identities.fill_blanks(known, serial, mac, writes)
    identities.learn_cards(known, values, writes)
