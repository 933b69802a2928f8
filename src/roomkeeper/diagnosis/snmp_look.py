"""The SNMP row: does the agent answer to the community of Network settings, and as whom? Off is no fault."""

import time
from dataclasses import dataclass
from typing import Final

from roomkeeper.devices import errors, snmp
from roomkeeper.devices.snmp_facts import SnmpFacts
from roomkeeper.diagnosis.record import DeviceView
from roomkeeper.diagnosis.rows import DiagnosisRow
from roomkeeper.diagnosis.steps import Looking, evidence_of, since
from roomkeeper.protocols.identification import same_serial

_MODE: Final = "NetworkServices/SNMP/Mode"


@dataclass(frozen=True, slots=True)
class SnmpLook:
    """What came of asking; `answer` is None where there was no login to ask with."""

    answer: SnmpFacts | errors.DeviceError | None
    milliseconds: int = 0

    def object_id(self, expected_serial: str) -> str:
        """What its agent calls itself; "" where none answered, or that of another device."""
        if not isinstance(self.answer, SnmpFacts):
            return ""
        is_other = bool(expected_serial and self.answer.serial_number not in ("", expected_serial))
        return "" if is_other else self.answer.sys_object_id


async def ask(looking: Looking, community: str) -> SnmpLook:
    """Ask the agent; the time that it took. Sends nothing without a community, and nothing that is forbidden."""
    if not community:
        return SnmpLook(None)
    began = time.monotonic()
    try:
        facts = await snmp.identify(
            looking.target,
            snmp.Community(community),
            port=looking.tuning.snmp_port,
            patience=looking.tuning.snmp,
        )
    except errors.DeviceError as error:
        return SnmpLook(error, since(began))
    return SnmpLook(facts, since(began))


async def tell(looking: Looking, row: DiagnosisRow, asked: SnmpLook, view: DeviceView) -> None:
    """Tell what came of it, in the light of the device's own setting (protocol notes K)."""
    answer, mode = asked.answer, view.setting(_MODE)
    if isinstance(answer, SnmpFacts):
        await _tell_answer(looking, row, answer, asked.milliseconds)
    elif mode == "Off":
        await looking.say(row, "snmp-off")
    elif answer is None:
        await looking.say(row, "snmp-not-asked")
    elif isinstance(answer, errors.SnmpUnreadable):
        await looking.say(
            row, "snmp-unreadable", address=looking.target.address, evidence=evidence_of(answer)
        )
    else:
        key = "snmp-silent-though-on" if mode else "snmp-silent"
        await looking.say(row, key, mode=mode or "", port=row.port, evidence=evidence_of(answer))


async def _tell_answer(looking: Looking, row: DiagnosisRow, facts: SnmpFacts, milliseconds: int) -> None:
    expected = looking.target.serial_number
    if expected and facts.serial_number and not same_serial(facts.serial_number, expected):
        await looking.say(
            row,
            "snmp-other-device",
            milliseconds=milliseconds,
            found=facts.serial_number,
            serial=expected,
        )
        return
    await looking.say(
        row,
        "snmp-answers",
        milliseconds=milliseconds,
        system_name=facts.name or "nothing",
        evidence=facts.description,
    )
