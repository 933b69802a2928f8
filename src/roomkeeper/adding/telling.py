"""What programs are told of systems that are added: what a scan would do, and what is left to do for one."""

from typing import Final

from pydantic import Field

from roomkeeper.adding.service import Preview
from roomkeeper.operations.readings import Told

KNOWN_SHOWN: Final = 200


class AddingWarning(Told):
    """Something that did not succeed while a system was added."""

    sentence: str
    advice: str = Field(description="What to do; may be empty.")


class KnownAddress(Told):
    """An address at which a system stands that is here."""

    address: str
    system: int
    name: str


class ScanPreview(Told):
    """What would be done."""

    count: int = Field(description="Addresses that would be scanned; `confirmed_count` repeats it.")
    first: str
    last: str
    known: list[KnownAddress] = Field(description=f"At most {KNOWN_SHOWN}.")
    known_count: int
    logins: list[str] = Field(description="User names, in the order in which they are tried.")
    snmp_logins: list[str]
    needs_confirmation: bool
    problems: list[str] = Field(description="What was not understood; the rest is added.")
    warnings: list[str]


def tell_preview(found: Preview) -> ScanPreview:
    """What `start` would do."""
    known = [
        KnownAddress(address=str(target), system=system.pk, name=str(system))
        for target, system in found.known[:KNOWN_SHOWN]
    ]
    own = {"known", "known_count"}
    shared = {name: getattr(found, name) for name in ScanPreview.model_fields if name not in own}
    return ScanPreview(known=known, known_count=len(found.known), **shared)
