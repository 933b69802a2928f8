"""Rules on what a system says of itself beside its connections: upgrades, settings, restarts, warnings. Pure."""

import re
from datetime import datetime
from typing import Final

from roomkeeper.devices.manifest import Manifest
from roomkeeper.devices.warnings_of_device import find_warnings
from roomkeeper.diagnosis import words
from roomkeeper.diagnosis.findings import DiagnosisFinding, found
from roomkeeper.diagnosis.record import DeviceView, Record
from roomkeeper.protocols.xapi.status import first_value
from roomkeeper.protocols.xapi.values import is_same, type_of
from roomkeeper.systems.documents import HIDDEN, clocks
from roomkeeper.words import gettext as _

_UPGRADE: Final = "Provisioning/Software/UpgradeStatus"
# A restart may take so long before it is missed; a device that refuses connections is not waited for.
_RESTART_MINUTES: Final = 10
_SECURITY: Final = re.compile(r"security mode|not allowed|not permitted|jitc|fips", re.IGNORECASE)
# By their sense: no capture shows how a failed upgrade is worded (protocol notes G).
_UPGRADE_WORDS: Final = (
    (re.compile(r"space|disk|storage|memory full", re.IGNORECASE), "upgrade-no-space"),
    (re.compile(r"checksum|signature|corrupt|damaged|not valid", re.IGNORECASE), "upgrade-checksum"),
    (re.compile(r"download|resolve|connect|http|lookup", re.IGNORECASE), "upgrade-download"),
)
# Those have findings of their own.
_TOLD: Final = frozenset({"ProvisioningStatus", "ProvisioningModeAndStatus", "HTTPFeedbackFailed"})
_GRAVE: Final = ("Critical", "Error", "Warning")
_MOST_TYPES: Final = 6


def judge(
    record: Record, view: DeviceView, family: Manifest, now: datetime, *, has_answered: bool, was_tried: bool
) -> list[DiagnosisFinding]:
    """What is to be said of the system itself. `has_answered`: it was contacted just now, and spoke."""
    findings = _restart(record, now, has_answered=has_answered, was_tried=was_tried)
    findings += _upgrade(record, view, family)
    if view.configuration:
        findings += _values(record, view)
    if view.status:
        findings += _clock(record, view)
        findings.append(_warnings(record, view))
    return findings


def _restart(record: Record, now: datetime, *, has_answered: bool, was_tried: bool) -> list[DiagnosisFinding]:
    at = record.restarted_at
    if at is None or has_answered:
        return []
    if not was_tried and (now - at).total_seconds() < 60 * _RESTART_MINUTES:
        return []
    return [found("restart-without-return", record.name, ago=words.ago(at, now))]


def _upgrade(record: Record, view: DeviceView, family: Manifest) -> list[DiagnosisFinding]:
    """The device's own words on its last upgrade (protocol notes G)."""
    status = first_value(view.status, f"{_UPGRADE}/Status")
    phase = first_value(view.status, f"{_UPGRADE}/Phase")
    said = first_value(view.status, f"{_UPGRADE}/Message") or record.refused_upgrade
    if status == "InProgress":
        return [found("upgrade-under-way", record.name, words=said or phase or _("it says no more"))]
    if status not in ("Failed", "InstallationFailed") and not record.refused_upgrade:
        return []
    if _SECURITY.search(said):
        limit = family.find_limit_on("software_upgrade")
        return [
            found("upgrade-blocked", record.name, words=_sentence(said), limit=limit.text if limit else "")
        ]
    key = next((key for pattern, key in _UPGRADE_WORDS if pattern.search(said)), "upgrade-failed")
    return [
        found(
            key,
            record.name,
            words=_sentence(said or status),
            evidence=_("{status} in phase {phase}", status=status, phase=phase),
        )
    ]


def _values(record: Record, view: DeviceView) -> list[DiagnosisFinding]:
    """What was handed over and does not hold. Only a view that is newer than the handing over can tell."""
    findings = []
    for one in record.expected:
        held = view.setting(one.path)
        is_newer = view.at is not None and view.at >= one.delivered_at
        if held is None or held == HIDDEN or not is_newer or is_same(held, one.value, type_of(one.path)):
            continue
        findings.append(
            found(
                "value-not-kept",
                record.name,
                path=one.path,
                wanted=one.value or "empty",
                found=held or "empty",
            )
        )
    return findings


def _clock(record: Record, view: DeviceView) -> list[DiagnosisFinding]:
    """Its clock against ours, as it was when its status was read last (a live look has just been kept)."""
    seconds = record.clock_offset
    if seconds is None:
        return []
    told = first_value(view.status, clocks.SYSTEM_TIME)
    if not clocks.is_wrong(seconds):
        return [found("clock-right", record.name, evidence=told)]
    return [
        found(
            "clock-wrong",
            record.name,
            difference=clocks.words(seconds),
            ntp=clocks.ntp_words(view.status),
            evidence=_("It told {told}.", told=told),
        )
    ]


def _warnings(record: Record, view: DeviceView) -> DiagnosisFinding:
    own = [
        message
        for message in find_warnings(view.status)
        if message.get("Level") in _GRAVE and message.get("Type") not in _TOLD
    ]
    if not own:
        return found("no-warnings", record.name)
    own.sort(key=lambda message: _GRAVE.index(message["Level"]))
    types = [f"{message.get('Type') or 'one without a type'} ({message['Level']})" for message in own]
    shown = [*types[:_MOST_TYPES], *(["others"] if len(types) > _MOST_TYPES else [])]
    count = _("1 problem") if len(own) == 1 else _("{count} problems", count=len(own))
    evidence = "; ".join(message.get("Description", "") for message in own)
    return found(
        "warnings-of-its-own", record.name, count=count, words=words.listed(shown), evidence=evidence
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
