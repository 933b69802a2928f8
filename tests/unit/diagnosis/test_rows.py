"""Which rows apply in which mode, for every family."""

from __future__ import annotations

import pytest

from roomkeeper.devices.registry import get_family, load_families
from roomkeeper.diagnosis.findings import TABLE, found
from roomkeeper.diagnosis.rows import THE_SYSTEM, Apply, plan_rows
from roomkeeper.diagnosis.sheet import FactSheet

LAN, FIREWALL = "reachable_on_lan", "behind_firewall"


def drawn(family: str, connectivity: str, *, is_secure_only: bool = False) -> list[str]:
    rows = plan_rows(
        get_family(family),
        connectivity=connectivity,
        is_secure_only=is_secure_only,
        ports={"https": 8443, "http": 8080},
    )
    assert rows[-1] is THE_SYSTEM
    marks = {Apply.YES: "", Apply.STRUCK: "~", Apply.NOT_USED: "?"}
    arrows = {"inbound": ">", "outbound": "<"}
    return [f"{marks[row.apply]}{arrows[row.direction]}{row.service}{row.port}" for row in rows[:-1]]


@pytest.mark.parametrize(
    ("family", "connectivity", "is_secure_only", "rows"),
    [
        ("roomos", LAN, False, [">HTTPS8443", ">HTTP8080", ">SNMP161", "<HTTPS443", "<HTTP80"]),
        ("roomos", LAN, True, [">HTTPS8443", "~>HTTP8080", "~>SNMP161", "<HTTPS443", "~<HTTP80"]),
        ("roomos", FIREWALL, False, ["~>HTTPS8443", "~>HTTP8080", "~>SNMP161", "<HTTPS443", "<HTTP80"]),
        # The one and only requirement of the two modes together: HTTPS outbound.
        ("roomos", FIREWALL, True, ["~>HTTPS8443", "~>HTTP8080", "~>SNMP161", "<HTTPS443", "~<HTTP80"]),
        ("roomos", "", False, ["~>HTTPS8443", "~>HTTP8080", "~>SNMP161", "<HTTPS443", "<HTTP80"]),
        ("mxp", LAN, False, ["<HTTP80", ">SNMP161", "?<SNMP traps162", "?>FTP21", "?>Telnet23"]),
        # Its needs do not change in Secure-Only; the lowest layer forbids SNMP all the same.
        ("mxp", LAN, True, ["<HTTP80", "~>SNMP161", "?<SNMP traps162", "?>FTP21", "?>Telnet23"]),
        ("mxp", FIREWALL, False, ["<HTTP80", "~>SNMP161", "?<SNMP traps162", "~>FTP21", "~>Telnet23"]),
        ("codian_mcu", LAN, True, ["<HTTPS443", "~<HTTP80", "~>SNMP161"]),
        ("unmanaged", LAN, False, ["<HTTPS443", "<HTTP80"]),
    ],
)
def test_rows_of_a_mode(family: str, connectivity: str, is_secure_only: bool, rows: list[str]) -> None:
    assert drawn(family, connectivity, is_secure_only=is_secure_only) == rows


def test_every_row_that_is_not_looked_at_says_why() -> None:
    for family in load_families().values():
        for connectivity in (LAN, FIREWALL, "inaccessible", "", "something new"):
            for is_secure_only in (False, True):
                rows = plan_rows(family, connectivity=connectivity, is_secure_only=is_secure_only, ports={})
                for row in rows:
                    assert (row.why == "") == (row.apply is Apply.YES)
                    assert row.why == "" or row.why in TABLE


def test_reasons_differ_by_connectivity() -> None:
    whys = {
        connectivity: plan_rows(
            get_family("roomos"), connectivity=connectivity, is_secure_only=False, ports={}
        )[0].why
        for connectivity in (FIREWALL, "inaccessible", "")
    }
    assert whys == {
        FIREWALL: "mode-behind-firewall",
        "inaccessible": "mode-inaccessible",
        "": "mode-undecided",
    }


def test_sheet_adds_up() -> None:
    rows = plan_rows(get_family("roomos"), connectivity=LAN, is_secure_only=False, ports={})
    sheet = FactSheet("Boardroom", rows)
    assert sheet.summary == "Everything that Boardroom needs is working."
    sheet.add(rows[0], found("no-warnings", "Boardroom"))
    sheet.add(rows[3], found("login-missing", "Boardroom"))
    assert sheet.level.value == "warning"
    assert sheet.summary.startswith("1 warning: No login")
    sheet.add(rows[1], found("https-missing", "Boardroom"))
    assert sheet.summary.startswith("1 fault and 1 warning: Boardroom can be")
    told = sheet.as_json()
    assert [row["level"] for row in told] == ["ok", "fault", None, "warning", None, None]
    assert told[1]["checks"][0]["fix"] == "password-over-http"
