"""How long a diagnosis waits for what. Values only."""

from dataclasses import dataclass
from typing import Final

from roomkeeper.devices.client import WHOLE_DOCUMENT, Patience
from roomkeeper.devices.snmp import SNMP_ORDINARY, SNMP_PORT, SnmpPatience


@dataclass(frozen=True, slots=True)
class Tuning:
    """`first` is for short answers, `whole` for whole documents. After an answer that broke off, the device is
    asked once more, `again_after` seconds later."""

    first: Patience = Patience(connect=3.0, read=15.0, total=25.0)
    whole: Patience = WHOLE_DOCUMENT
    again_after: float = 1.0
    snmp: SnmpPatience = SNMP_ORDINARY
    snmp_port: int = SNMP_PORT

    # From this part of the time that is waited on, an answer counts as slow.
    slow_part: float = 0.4


ORDINARY: Final = Tuning()
