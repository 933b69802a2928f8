"""Rules on the way from a system to us: what it says of its manager, and what has arrived here. Pure."""

import re
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import unquote, urlsplit

from roomkeeper.devices.feedback_slots import find_slots
from roomkeeper.devices.names import SOFTWARE_VERSION, VERIFY_SETTINGS
from roomkeeper.devices.quirks import quirks_of
from roomkeeper.devices.services import spoken_protocols
from roomkeeper.devices.warnings_of_device import find_warnings
from roomkeeper.diagnosis import words
from roomkeeper.diagnosis.findings import DiagnosisFinding, found
from roomkeeper.diagnosis.record import DeviceView, Manager, Record
from roomkeeper.protocols.xapi.status import first_value
from roomkeeper.provisioning.management import EVENTS_PATH, FEEDBACK_PATH
from roomkeeper.systems.addresses import parse_address, port_of, same_host
from roomkeeper.systems.documents.redaction import MARK
from roomkeeper.systems.models import Connectivity
from roomkeeper.words import gettext as _

_NODES: Final = ("Provisioning/ExternalManager", "ExternalManager")
# Protocol notes G and, for an Expressway, A.1.
_GOOD: Final = ("Provisioned", "Provisioning", "Active", "Initialising")
_BAD: Final = ("Failed", "AuthenticationFailed", "ConfigError")
# The reasons are those of the HTTP library in the device (protocol notes A.7 has one); the first that fits holds.
_REASONS: Final = (
    (re.compile(r"\b407\b|proxy.*(auth|login)", re.IGNORECASE), "proxy-wants-login"),
    (re.compile(r"resolve", re.IGNORECASE), "device-cannot-resolve"),
    (re.compile(r"certificate|peer verification|self.signed", re.IGNORECASE), "device-distrusts"),
    (re.compile(r"\b(ssl|tls)\b", re.IGNORECASE), "device-tls-fails"),
    (re.compile(r"time[d -]*out", re.IGNORECASE), "device-times-out"),
    (re.compile(r"connect", re.IGNORECASE), "device-cannot-connect"),
    (re.compile(r"\b(401|403)\b"), "manager-refuses"),
    (re.compile(r"\b(404|405)\b"), "manager-not-there"),
    (re.compile(r"\b(413|429|5\d\d)\b"), "manager-busy"),
)


def judge(record: Record, view: DeviceView, now: datetime) -> list[DiagnosisFinding]:
    """Everything about its calls to us, in the order in which a person would look."""
    findings = [*_age(record, view, now)]
    if not record.is_managed:
        state = record.state.replace("_", "-")
        findings.append(found("not-managed", record.name, state=state))
    manager = _manager(record, view) if view.configuration else []
    findings += manager
    if view.status:
        findings += _provisioning(record, view, now)
    findings += _proxy(record, view)
    findings += [*_posts(record, now), *_addresses(record), *_secret(record)]
    if record.manager.slot is not None and view.status and record.is_managed:
        findings.append(_feedback(record, view, record.manager.slot))
    return findings


def _age(record: Record, view: DeviceView, now: datetime) -> list[DiagnosisFinding]:
    if not view.status and not view.configuration:
        return [found("view-missing", record.name)]
    return [] if view.is_live else [found("view-old", record.name, ago=words.ago(view.at, now))]


# Who its manager is


def _manager(record: Record, view: DeviceView) -> list[DiagnosisFinding]:
    name, wanted = record.name, record.manager
    mode = view.setting("Provisioning/Mode")
    if mode is not None and mode not in ("TMS", "Auto"):
        return [found("manager-mode", name, mode=mode)]
    node = next((node for node in _NODES if view.setting(f"{node}/Address") is not None), "")
    if not node or not wanted.authority:
        return []
    address = view.setting(f"{node}/Address") or ""
    if not address:
        return [found("manager-empty", name)]
    protocol = (view.setting(f"{node}/Protocol") or "HTTP").lower()
    if not _same_authority(address, wanted.authority, protocol, wanted.scheme):
        return [_other_manager(name, address, wanted)]
    path = (view.setting(f"{node}/Path") or "").strip("/")
    findings = _path(record, view, path)
    if wanted.scheme == "https" and protocol == "http":
        findings.append(found("manager-protocol", name, found="HTTP", wanted="HTTPS"))
    if (spoken := spoken_protocols(view.configuration, record.family)) is not None and protocol not in spoken:
        other = "https" if protocol == "http" else "http"
        key = "manager-protocol-off" if other in spoken else "manager-protocols-off"
        findings.append(found(key, name, protocol=protocol.upper(), other=other.upper()))
    if not findings:
        findings.append(found("manager-right", name, url=f"{protocol}://{address}"))
    return findings


def _path(record: Record, view: DeviceView, path: str) -> list[DiagnosisFinding]:
    """Its path is the address of our service and the system's own secret; any case will do (protocol notes A.1)."""
    base, secret = path[: len(EVENTS_PATH)], path[len(EVENTS_PATH) :].strip("/")
    if base.lower() != EVENTS_PATH.lower():
        # An empty path is that of a device which was told its manager by DHCP alone (rule R5).
        return [found("manager-path", record.name, found=path)] if path else []
    is_known = not view.is_live or _is_valid(secret, record)
    return [] if is_known else [found("manager-secret", record.name)]


def _is_valid(secret: str, record: Record) -> bool:
    """Whether that secret is one of its own; where none was proven yet, the bare path does as well."""
    if not secret:
        return record.secret.proven_at is None
    return secret == MARK or secret.lower() in {text.lower() for text in record.secret.texts}


def _other_manager(name: str, address: str, wanted: Manager) -> DiagnosisFinding:
    key = "manager-foreign"
    if same_host(_bracketed(address), _bracketed(wanted.authority)):
        key = "manager-port"
    elif any(same_host(address, side) for side in wanted.sides):
        key = "manager-other-side"
    elif any(same_host(address, host) for host in wanted.old_hosts):
        key = "manager-old"
    return found(key, name, found=address, wanted=wanted.authority)


def _same_authority(one: str, other: str, scheme: str, other_scheme: str) -> bool:
    usual = {"http": 80, "https": 443}
    if not same_host(_bracketed(one), _bracketed(other)):
        return False
    # A system that is on its way from HTTP to HTTPS has the port of the other scheme.
    return scheme != other_scheme or (port_of(one) or usual.get(scheme)) == (port_of(other) or usual[scheme])


def _bracketed(authority: str) -> str:
    found_address = parse_address(authority)
    return f"[{found_address}]" if found_address is not None and found_address.version == 6 else authority


# What it says of its calls


def _provisioning(record: Record, view: DeviceView, now: datetime) -> list[DiagnosisFinding]:
    status = first_value(view.status, "Provisioning/Status", "ExternalManager/Status")
    if not status:
        return []
    name, posts = record.name, record.posts
    is_late = posts.last_at is None or (posts.overdue_at is not None and posts.overdue_at <= now)
    if status in _GOOD:
        if is_late and record.is_managed:
            return [found("provisioned-elsewhere", name, ago=words.ago(posts.last_at, now))]
        return [found("provisioned", name)]
    if status not in _BAD:
        return [found("provisioning-idle", name, status=status)]
    reason, host = _reason(view, status)
    if posts.last_at is not None and view.at is not None and posts.last_at > view.at:
        return [found("views-differ", name, reason=reason or status)]
    return [_failure(name, status, reason, host, checks=_checks(record, view))]


def _checks(record: Record, view: DeviceView) -> str:
    """The setting by which it checks our certificate: the first that it has, else the first of its release."""
    own = next((path for path in VERIFY_SETTINGS if view.setting(path) is not None), "")
    release = quirks_of(first_value(view.status, *SOFTWARE_VERSION), record.family)
    own = own or next(iter(release.verify_settings), "")
    return own.replace("/", " ")


def _failure(name: str, status: str, reason: str, host: str, *, checks: str) -> DiagnosisFinding:
    key = next((key for pattern, key in _REASONS if pattern.search(reason)), "")
    if not key:
        key = "manager-refuses" if status == "AuthenticationFailed" else "device-fails"
    evidence = f"Provisioning/Status: {status}"
    words_of_it = reason or _("it gives no reason")
    return found(
        key,
        name,
        evidence=evidence,
        status=status,
        reason=words_of_it,
        host=host or _("its manager"),
        checks=checks,
    )


def _reason(view: DeviceView, status: str) -> tuple[str, str]:
    """(reason, host): `status=Failed&host=192.168.1.216&reason=Couldn't connect` (protocol notes A.7)."""
    reason, host = first_value(view.status, "Provisioning/Reason", "ExternalManager/Cause"), ""
    for message in find_warnings(view.status):
        if message.get("Type") == "ProvisioningStatus":
            head, mark, tail = message.get("References", "").partition("reason=")
            reason = tail if mark else reason
            host = next((part[5:] for part in head.split("&") if part.startswith("host=")), "")
    node_host = next((value for node in _NODES if (value := view.setting(f"{node}/Address"))), "")
    return reason, host or node_host


def _proxy(record: Record, view: DeviceView) -> list[DiagnosisFinding]:
    mode = view.setting("NetworkServices/HTTP/Proxy/Mode") or "Off"
    if mode == "Off":
        return []
    paths = ("NetworkServices/HTTP/Proxy/Url", "NetworkServices/HTTP/Proxy/PACUrl")
    address = next((value for path in paths if (value := view.setting(path))), "")
    proxy = f"{mode}: {address}" if address else mode
    username = view.setting("NetworkServices/HTTP/Proxy/LoginName")
    if username:
        return [found("proxy-with-login", record.name, proxy=proxy, username=username)]
    return [found("proxy-in-use", record.name, proxy=proxy)]


# What has arrived here


def _posts(record: Record, now: datetime) -> list[DiagnosisFinding]:
    name, posts, findings = record.name, record.posts, []
    if posts.last_at is None:
        findings.append(found("posts-none", name))
    elif posts.overdue_at is not None and posts.overdue_at <= now:
        interval = words.duration(timedelta(seconds=posts.interval))
        findings.append(found("posts-overdue", name, ago=words.ago(posts.last_at, now), interval=interval))
    else:
        findings.append(
            found(
                "posts-arrive",
                name,
                ago=words.ago(posts.last_at, now),
                scheme=posts.scheme.upper() or "HTTP",
                source=posts.source or _("an unknown address"),
                due=words.due(posts.next_due_at, now),
            )
        )
    if record.refused is not None:
        refused = record.refused
        findings.append(
            found(
                "posts-refused", name, times=words.times(refused.count), ago=words.ago(refused.last_at, now)
            )
        )
    if (claim := record.unproven) is not None:
        ago = words.ago(claim.last_at, now)
        findings.append(
            found("posts-unproven", name, source=claim.source, times=words.times(claim.count), ago=ago)
        )
    if (claim := record.other_identity) is not None:
        findings.append(found("identity-changed", name, found=claim.words))
    return findings


def _addresses(record: Record) -> list[DiagnosisFinding]:
    posts = record.posts
    reported, seen = parse_address(posts.reported), parse_address(posts.source)
    if reported is None or seen is None or reported.version != seen.version:
        return []
    if reported == seen:
        return [found("addresses-equal", record.name, reported=reported)]
    is_usual = record.connectivity in (
        Connectivity.BEHIND_FIREWALL,
        Connectivity.REACHABLE_ON_PUBLIC_INTERNET,
    )
    key = "addresses-differ" if is_usual else "address-rewritten"
    label = Connectivity(record.connectivity).label
    return [found(key, record.name, reported=reported, seen=seen, connectivity=label)]


def _secret(record: Record) -> list[DiagnosisFinding]:
    if not record.is_managed:
        return []
    name, secret = record.name, record.secret
    if secret.is_withheld:
        return [found("secret-withheld", name, admitted=secret.bound_source or _("an unknown one"))]
    if secret.proven_at is None:
        return [found("secret-unproven", name)]
    findings = [found("secret-proven", name, since=words.day(secret.proven_at))]
    if secret.was_sent_over_http and record.is_secure_only:
        findings.append(found("secret-in-clear", name))
    return findings


# Its feedback


def _feedback(record: Record, view: DeviceView, slot: int) -> DiagnosisFinding:
    name = record.name
    own = next((one for one in find_slots(view.status) if one.number == slot), None)
    if own is None or not own.url:
        return found("feedback-missing", name, slot=slot)
    parts = urlsplit(own.url)
    host, path = parts.netloc.rpartition("@")[2], parts.path.strip("/")
    where = f"{parts.scheme}://{host}"
    ours = (record.manager.authority, *record.manager.sides, *record.manager.old_hosts)
    if not any(same_host(host, one) for one in ours if one):
        return found("feedback-taken", name, slot=slot, found=where)
    secret = path[len(FEEDBACK_PATH) :].strip("/")
    is_path = path[: len(FEEDBACK_PATH)].lower() == FEEDBACK_PATH.lower()
    wanted = record.manager
    is_present = not wanted.authority or _same_authority(host, wanted.authority, parts.scheme, wanted.scheme)
    if not is_path or not is_present or not (not view.is_live or _is_valid(secret, record)):
        return found("feedback-old", name, slot=slot, found=where)
    if own.status != "Failed":
        return found("feedback-right", name, slot=slot)
    said = [
        one.get("References", "")
        for one in find_warnings(view.status)
        if one.get("Type") == "HTTPFeedbackFailed"
    ]
    return found("feedback-stopped", name, slot=slot, evidence=unquote("; ".join(said)))


def scheme_in_use(record: Record, view: DeviceView) -> str:
    """By which of HTTPS and HTTP it calls: as its last post, else as it is set, else as it should."""
    if record.posts.scheme:
        return record.posts.scheme.upper()
    own = next((value for node in _NODES if (value := view.setting(f"{node}/Protocol"))), "")
    return own.upper() if own.upper() in ("HTTP", "HTTPS") else record.manager.scheme.upper()
