"""The SNMP row against the virtual endpoint's own agent."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

from django.conf import settings
from tests.integration.diagnosis.conftest import PATIENT, MakeRoom, Room, in_thread

from roomkeeper import keys
from roomkeeper.devices.snmp import SnmpPatience
from roomkeeper.diagnosis.findings import DiagnosisFinding
from roomkeeper.diagnosis.findings import found as finding
from roomkeeper.systems import network_settings


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.1.78.1", 0))
        return int(one.getsockname()[1])


def store(community: str) -> None:
    found = network_settings.get()
    found.snmp_community_ciphertext = (
        keys.load(settings.OPTIONS.data).encrypt(community) if community else b""
    )
    found.save()


async def snmp_finding(room: Room, port: int, **how: Any) -> DiagnosisFinding:
    tuning = replace(PATIENT, snmp=SnmpPatience(answer=0.5, tries=1, total=1.0), snmp_port=port)
    sheet = await room.diagnose(tuning=tuning, **how)
    return next(finding for finding in sheet.all() if finding.check == "SNMP")


async def test_agent_that_answers_names_itself(make_room: MakeRoom) -> None:
    port = free_port()
    room = await make_room("sx10-ce9.6", snmp_port=port)
    await in_thread(store, "public")
    found = await snmp_finding(room, port)
    expected = finding("snmp-answers", "Boardroom", system_name="Boardroom")
    assert found.key == "snmp-answers"
    assert found.sentence == expected.sentence
    assert found.milliseconds is not None
    assert (await room.system()).sys_object_id == "1.3.6.1.4.1.5596.150.6.4.1"


async def test_another_community_is_silence_although_it_is_on(make_room: MakeRoom) -> None:
    port = free_port()
    room = await make_room("sx10-ce9.6", snmp_port=port)
    # What the endpoint has is `public`; management settings have not carried this one to it yet.
    await in_thread(store, "other")
    found = await snmp_finding(room, port)
    assert found.key == "snmp-silent-though-on"
    assert (found.fix, "ReadOnly" in found.sentence) == ("enforce", True)


async def test_off_is_no_fault_and_without_a_community_nobody_is_asked(make_room: MakeRoom) -> None:
    port = free_port()
    room = await make_room(snmp_port=port)
    await in_thread(store, "public")
    found = await snmp_finding(room, port)
    assert (found.key, found.level.value, found.fix) == ("snmp-off", "info", "snmp-on")
    room.endpoint.configuration.set("NetworkServices/SNMP/Mode", "ReadOnly")
    await in_thread(store, "")
    assert (await snmp_finding(room, port)).key == "snmp-not-asked"


async def test_another_device_at_the_address(make_room: MakeRoom) -> None:
    port = free_port()
    room = await make_room("sx10-ce9.6", snmp_port=port)
    await in_thread(store, "public")
    await room.change(serial_number="FTT99999999")
    found = await snmp_finding(room, port)
    assert found.key == "snmp-other-device"
    assert (await room.system()).sys_object_id == ""
