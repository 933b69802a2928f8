"""Whether a system still does as it was told, by its own documents (rule R13)."""

from dataclasses import replace

import pytest

from roomkeeper.protocols.external_manager import SettingValue
from roomkeeper.provisioning.still_ours import (
    ToldSettings,
    faults_of_configuration,
    faults_of_status,
    tells_of_slots,
)

A, B, OLD = "a" * 32, "b" * 32, "c" * 32
BASE = "http://10.0.0.5/tms/public/feedback/code.aspx/"
EVENTS = "tms/public/external/management/SystemManagementService.asmx/"
BOOKS = "http://10.0.0.5/tms/public/external/phonebook/phonebookservice.asmx/"
EXPRESSIONS = ("/Status/Call", "/Event/CallDisconnect")


def told_settings(secret: str) -> tuple[SettingValue, ...]:
    return (
        SettingValue("Provisioning/Mode", "TMS"),
        SettingValue("Provisioning/ExternalManager/Address", "10.0.0.5"),
        SettingValue("Provisioning/ExternalManager/Path", EVENTS + secret),
        SettingValue("Provisioning/ExternalManager/Protocol", "HTTP"),
        SettingValue("Phonebook/Server[1]/Type", "TMS"),
        SettingValue("Phonebook/Server[1]/URL", BOOKS + secret),
        SettingValue("NetworkServices/SNMP/CommunityName", "hush"),
    )


TOLD = ToldSettings((told_settings(A), told_settings(B)), (BASE + A, BASE + B), 3, EXPRESSIONS)


def slot(
    url: str = BASE + A, status: str = "OK", expressions: tuple[str, ...] = EXPRESSIONS
) -> dict[str, str]:
    values = {"SystemUnit/Uptime": "10", "HttpFeedback[3]/URL": url}
    if status:
        values["HttpFeedback[3]/Status"] = status
    return values | {
        f"HttpFeedback[3]/Expression[{number}]": text for number, text in enumerate(expressions, 1)
    }


@pytest.mark.parametrize(
    ("status", "words", "is_foreign"),
    [
        (slot(), "", None),
        (slot(BASE + B), "", None),
        (slot((BASE + A).upper(), "ok"), "", None),
        # TC has no status; expressions come in any order.
        (slot(status="", expressions=("/event/calldisconnect", "/status/call/")), "", None),
        ({"SystemUnit/Uptime": "10"}, "is not registered", False),
        ({"HttpFeedback[1]/URL": BASE + A, "HttpFeedback[1]/Status": "OK"}, "is not registered", False),
        (slot(""), "is not registered", False),
        (slot(status="Failed"), "has stopped: its status is Failed", False),
        (slot("https://tms.example.org/tms/public/x?hush"), "it has https://tms.example.org.", True),
        (slot("http://[broken"), "it has another address.", True),
        (slot(BASE.replace("10.0.0.5", "10.0.0.6") + A), "it has http://10.0.0.6.", True),
        (slot(BASE + OLD), "with a different secret or path", True),
        (slot("http://10.0.0.5/else/where"), "with a different secret or path", True),
        (slot(expressions=("/Status/Call",)), "different expressions", True),
        (slot(expressions=(*EXPRESSIONS, "/Event/BootEvent")), "different expressions", True),
        (slot(expressions=()), "different expressions", True),
    ],
)
def test_feedback_slot(status: dict[str, str], words: str, is_foreign: bool | None) -> None:
    faults = faults_of_status(status, TOLD)
    assert len(faults) == bool(words)
    for fault in faults:
        assert words in fault.sentence
        assert fault.is_foreign is is_foreign
        assert "hush" not in str(fault)
        assert not any(secret in str(fault) for secret in (A, B, OLD))


def test_a_family_without_feedback_has_none_to_lose() -> None:
    assert faults_of_status({"SystemUnit/Uptime": "1"}, replace(TOLD, expressions=())) == []


def test_what_is_no_whole_status_says_nothing_of_slots() -> None:
    assert not tells_of_slots({"Call[1]/Status": "Connected"})
    assert tells_of_slots(slot())


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({}, "", ""),
        ({"Provisioning/ExternalManager/Path": (EVENTS + A).upper()}, "", ""),
        ({"Provisioning/Mode": "tms"}, "", ""),
        ({"Provisioning/ExternalManager/Address": " 10.0.0.5 "}, "", ""),
        # Stored, so that any secret fits.
        ({"Provisioning/ExternalManager/Path": EVENTS + "[secret]"}, "", ""),
        ({"NetworkServices/SNMP/CommunityName": "***"}, "", ""),
        ({"Provisioning/Mode": "Off"}, "Provisioning/Mode", "is Off, not TMS"),
        (
            {"Provisioning/ExternalManager/Address": "tms.example.org"},
            "…/Address",
            "is tms.example.org, not 10.0.0.5",
        ),
        ({"Provisioning/ExternalManager/Address": ""}, "…/Address", "is empty"),
        ({"Provisioning/ExternalManager/Protocol": "HTTPS"}, "…/Protocol", "is HTTPS, not HTTP"),
        ({"Provisioning/ExternalManager/Path": EVENTS + OLD}, "…/Path", "an old secret"),
        ({"Provisioning/ExternalManager/Path": "hush/hush"}, "…/Path", "a different path"),
        (
            {"Phonebook/Server[1]/URL": "http://books.example.org/hush"},
            "Phonebook/Server[1]/URL",
            "books.example.org",
        ),
        ({"Phonebook/Server[1]/URL": BOOKS + OLD}, "Phonebook/Server[1]/URL", "a different secret or path"),
        ({"Phonebook/Server[1]/Type": "Off"}, "Phonebook/Server[1]/Type", "is Off, not TMS"),
        ({"NetworkServices/SNMP/CommunityName": "hush2"}, "…/CommunityName", "differs from"),
    ],
)
def test_manager_settings(changes: dict[str, str], path: str, words: str) -> None:
    reported = {setting.path: setting.value for setting in told_settings(B)} | changes
    if len(changes) == 1 and not words and "Path" in next(iter(changes)):
        reported["Phonebook/Server[1]/URL"] = BOOKS + (A if "[secret]" not in str(changes) else "[secret]")
    faults = faults_of_configuration(reported, TOLD)
    assert len(faults) == bool(path)
    for fault in faults:
        assert fault.path.endswith(path.removeprefix("…"))
        assert words in fault.sentence
        assert fault.is_foreign is bool(next(iter(changes.values())))
        assert "hush" not in str(fault)
        assert not any(secret in str(fault) for secret in (A, B, OLD))


def test_settings_that_the_device_lacks_are_no_faults() -> None:
    assert faults_of_configuration({}, TOLD) == []


def test_half_of_each_secret_is_no_whole_one() -> None:
    reported = {setting.path: setting.value for setting in told_settings(A)}
    reported["Phonebook/Server[1]/URL"] = BOOKS + B
    (fault,) = faults_of_configuration(reported, TOLD)
    assert "a different secret" in fault.sentence or "old secret" in fault.sentence
