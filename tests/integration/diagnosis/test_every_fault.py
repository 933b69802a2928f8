"""Every fault has its own finding, sentence and next step, seen on a real endpoint: the table is `every_fault.toml`."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from tests.integration.diagnosis import arranging
from tests.integration.diagnosis.conftest import PATIENT, QUICK, MakeRoom

from roomkeeper.accounts.models import User
from roomkeeper.diagnosis.findings import TABLE, Level
from roomkeeper.virtual.faults import Faults

pytestmark = pytest.mark.one_database


@dataclass(frozen=True)
class Fault:
    """A switch of the endpoint ("" for none), what else is arranged, and what a diagnosis has to say."""

    name: str
    finding: str
    sentence: str
    next_step: str
    switch: str = ""
    value: Any = None
    arrange: str = ""
    plan: dict[str, Any] = field(default_factory=dict)
    # Whether an answer, or its end, is waited for in vain.
    is_in_vain: bool = False


ROWS = tomllib.loads(Path(__file__).with_name("every_fault.toml").read_text("utf-8"))
FAULTS = [Fault(name, **row) for name, row in ROWS.items()]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_each_fault_has_its_own_finding(fault: Fault, make_room: MakeRoom, person: User) -> None:
    room = await make_room(**fault.plan)
    # As after three rounds: else what the server mends by itself (rule R13) may be mended before it is looked for.
    await room.change(management_rounds=4)
    if fault.switch:
        room.endpoint.set_fault(fault.switch, fault.value)
    if fault.arrange:
        await getattr(arranging, fault.arrange)(room, person)
    tuning = QUICK if fault.is_in_vain else PATIENT
    found = {finding.key: finding for finding in (await room.diagnose(tuning=tuning)).all()}
    assert fault.finding in found, sorted(found)
    finding = found[fault.finding]
    assert fnmatchcase(finding.sentence, fault.sentence), finding.sentence
    assert fnmatchcase(finding.next_step, fault.next_step), finding.next_step
    assert finding.level in (Level.WARNING, Level.FAULT)


def test_no_two_faults_are_alike() -> None:
    for figure in ("finding", "sentence", "next_step", "name"):
        counts = Counter(getattr(fault, figure) for fault in FAULTS)
        assert [text for text, number in counts.items() if number > 1] == []


# Switches of other parts' tests, and those whose finding is still to come: a row in the table takes it from here.
NOT_DIAGNOSED = {
    "charset",
    "charset_told",
    "clock_offset_seconds",
    "feedback_gone",
    "feedback_taken",
    "http_off",
    "no_secure_renegotiation",
    "old_ciphers",
    "old_stack",
    "raw_ampersand",
    "refusal_shape",
    "refuses_value",
    "second_call",
    "touch_panel_unplugged",
}


def test_every_switch_of_the_virtual_endpoints_is_in_the_table() -> None:
    diagnosed = {fault.switch for fault in FAULTS if fault.switch}
    assert diagnosed | NOT_DIAGNOSED == {one.name for one in fields(Faults)}
    assert diagnosed & NOT_DIAGNOSED == set()
    kinds = {fault.value for fault in FAULTS if fault.switch == "certificate"}
    assert kinds == {"wrong-name", "expired", "other"}


def test_every_finding_of_the_table_is_one_of_ours() -> None:
    assert {fault.finding for fault in FAULTS} <= set(TABLE)
