"""Rules on the way from a system to us, each with the least that makes it hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.diagnosis.records import FEEDBACK, NOW, SECRET, record, view

from roomkeeper.diagnosis import outbound
from roomkeeper.diagnosis.findings import Level
from roomkeeper.diagnosis.findings import found as finding
from roomkeeper.diagnosis.record import Counted, DeviceView, Secret

MANAGER = "Provisioning/ExternalManager"
HEALTHY = [
    "manager-right",
    "provisioned",
    "posts-arrive",
    "addresses-equal",
    "secret-proven",
    "feedback-right",
]


def keys(one: Any = None, seen: Any = None) -> list[str]:
    return [finding.key for finding in outbound.judge(one or record(), seen or view(), NOW)]


def sentences(one: Any = None, seen: Any = None) -> str:
    return " ".join(finding.sentence for finding in outbound.judge(one or record(), seen or view(), NOW))


def test_healthy() -> None:
    assert keys() == HEALTHY
    assert "came 2 minutes ago by HTTP from 10.1.2.3; the next is due in 13 minutes." in sentences()


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"Provisioning/Mode": "CUCM"}, "manager-mode"),
        ({f"{MANAGER}/Address": ""}, "manager-empty"),
        ({f"{MANAGER}/Address": "other.example.com"}, "manager-foreign"),
        ({f"{MANAGER}/Address": "rooms.example.org:8080"}, "manager-port"),
        ({f"{MANAGER}/Address": "public.example.org"}, "manager-other-side"),
        ({f"{MANAGER}/Address": "old.example.org"}, "manager-old"),
        ({f"{MANAGER}/Path": "somewhere/else"}, "manager-path"),
        (
            {f"{MANAGER}/Path": "tms/public/external/management/SystemManagementService.asmx"},
            "manager-secret",
        ),
        ({"NetworkServices/HTTP/Proxy/Mode": "WPAD"}, "proxy-in-use"),
    ],
)
def test_settings(settings: dict[str, str], key: str) -> None:
    found = keys(seen=view(configuration=settings))
    assert key in found
    assert ("manager-right" in found) == (not key.startswith("manager"))


def test_path_is_compared_in_any_case_and_an_empty_one_is_that_of_dhcp() -> None:
    path = view().configuration[f"{MANAGER}/Path"]
    assert keys(seen=view(configuration={f"{MANAGER}/Path": f"/{path.upper()}"})) == HEALTHY
    assert "manager-path" not in keys(seen=view(configuration={f"{MANAGER}/Path": ""}))


def test_bare_path_does_before_a_secret_was_proven() -> None:
    bare = view(
        configuration={f"{MANAGER}/Path": "tms/public/external/management/SystemManagementService.asmx"}
    )
    found = keys(record(secret=Secret()), bare)
    assert "manager-secret" not in found
    assert "secret-unproven" in found


def test_secrets_of_a_stored_view_are_redacted_and_not_judged() -> None:
    path = view().configuration[f"{MANAGER}/Path"].replace(SECRET, "[secret]")
    stored = view(
        {"HttpFeedback[3]/URL": FEEDBACK.replace(SECRET, "[secret]")},
        {f"{MANAGER}/Path": path},
        is_live=False,
        at=NOW - timedelta(hours=3),
    )
    assert keys(seen=stored) == ["view-old", *HEALTHY]
    assert "are from 3 hours ago" in sentences(seen=stored)


def test_http_where_https_is_wanted() -> None:
    one = record(is_secure_only=True, manager={"scheme": "https"})
    assert "manager-protocol" in keys(one)
    assert "manager-protocol" not in keys(one, view(configuration={f"{MANAGER}/Protocol": "HTTPS"}))


def test_expressway_has_other_names() -> None:
    seen = DeviceView(
        {"ExternalManager/Status": "Failed", "ExternalManager/Cause": "Timeout was reached"},
        {
            "ExternalManager/Address": "rooms.example.org",
            "ExternalManager/Path": "",
            "ExternalManager/Protocol": "HTTP",
        },
        NOW,
        is_live=True,
    )
    found = keys(record(manager={"slot": None}), seen)
    assert found[:2] == ["manager-right", "device-times-out"]


@pytest.mark.parametrize(
    ("reason", "key"),
    [
        ("Couldn't connect to server", "device-cannot-connect"),
        ("Couldn't resolve host name", "device-cannot-resolve"),
        ("SSL certificate problem: unable to verify the server", "device-distrusts"),
        ("SSL connect error", "device-tls-fails"),
        ("Timeout was reached", "device-times-out"),
        ("HTTP response code 407", "proxy-wants-login"),
        ("Received HTTP code 407 from proxy after CONNECT", "proxy-wants-login"),
        ("HTTP response code 403", "manager-refuses"),
        ("HTTP response code 404", "manager-not-there"),
        ("HTTP response code 503", "manager-busy"),
        ("Invalid answer", "device-fails"),
        ("", "device-fails"),
    ],
)
def test_what_the_device_says_of_a_failed_post(reason: str, key: str) -> None:
    seen = view(
        {
            "Provisioning/Status": "Failed",
            "Diagnostics/Message[4]/Type": "ProvisioningStatus",
            "Diagnostics/Message[4]/References": f"status=Failed&host=10.0.0.9&reason={reason}",
        }
    )
    found = {finding.key: finding for finding in outbound.judge(record(), seen, NOW)}
    assert key in found
    if key not in ("device-fails",):
        assert "10.0.0.9" in found[key].sentence


def test_reason_may_stand_in_the_status_alone() -> None:
    seen = view({"Provisioning/Status": "AuthenticationFailed", "Provisioning/Reason": ""})
    assert "manager-refuses" in keys(seen=seen)
    seen = view({"Provisioning/Status": "Failed", "Provisioning/Reason": "Couldn't connect to server"})
    assert "rooms.example.org" in sentences(seen=seen)


def test_post_after_the_view_speaks_for_itself() -> None:
    old = view({"Provisioning/Status": "Failed"}, at=NOW - timedelta(minutes=10))
    assert "views-differ" in keys(seen=old)


def test_provisioned_by_somebody_else() -> None:
    assert "provisioned-elsewhere" in keys(record(posts={"overdue_at": NOW - timedelta(minutes=1)}))
    assert "provisioned-elsewhere" in keys(record(posts={"last_at": None}))
    assert "provisioning-idle" in keys(seen=view({"Provisioning/Status": "NeedConfig"}))


def test_posts() -> None:
    assert "posts-none" in keys(record(posts={"last_at": None}))
    late = record(posts={"last_at": NOW - timedelta(hours=5), "overdue_at": NOW - timedelta(hours=4)})
    assert finding(
        "posts-overdue", "Boardroom", ago="5 hours ago", interval="15 minutes"
    ).sentence in sentences(late)
    claim = Counted("10.9.9.9", 7, NOW - timedelta(minutes=5), "serial number X, MAC address –")
    found = sentences(record(unproven=claim, other_identity=claim, refused=claim))
    assert (
        "A device at 10.9.9.9 claims to be Boardroom without its secret: 7 times, last 5 minutes ago."
        in found
    )
    assert "carry a different identity: serial number X, MAC address –. It gets no answers." in found
    assert "is refused: 7 times" in found


@pytest.mark.parametrize(
    ("reported", "source", "connectivity", "key"),
    [
        ("10.1.2.3", "::ffff:10.1.2.3", "reachable_on_lan", "addresses-equal"),
        ("10.1.2.3", "203.0.113.9", "reachable_on_lan", "address-rewritten"),
        ("10.1.2.3", "203.0.113.9", "behind_firewall", "addresses-differ"),
        ("10.1.2.3", "203.0.113.9", "reachable_on_public_internet", "addresses-differ"),
        ("10.1.2.3", "2001:db8::1", "reachable_on_lan", ""),
        ("", "10.1.2.3", "reachable_on_lan", ""),
    ],
)
def test_addresses(reported: str, source: str, connectivity: str, key: str) -> None:
    found = keys(record(connectivity=connectivity, posts={"reported": reported, "source": source}))
    about = [one for one in found if one.startswith("address")]
    assert about == ([key] if key else [])


def test_secret() -> None:
    withheld = Secret((), None, is_withheld=True, bound_source="10.4.4.4")
    assert finding("secret-withheld", "Boardroom", admitted="10.4.4.4").sentence in sentences(
        record(secret=withheld)
    )
    in_clear = Secret((SECRET,), NOW, was_sent_over_http=True)
    assert "secret-in-clear" in keys(record(secret=in_clear, is_secure_only=True))
    assert "secret-in-clear" not in keys(record(secret=in_clear))


@pytest.mark.parametrize(
    ("status", "key"),
    [
        ({"HttpFeedback[3]/URL": None}, "feedback-missing"),
        ({"HttpFeedback[3]/Status": "Failed"}, "feedback-stopped"),
        ({"HttpFeedback[3]/URL": "http://other.example.com/x"}, "feedback-taken"),
        # Another server of the same kind has the same path.
        ({"HttpFeedback[3]/URL": "http://tms.example.com/tms/public/feedback/code.aspx"}, "feedback-taken"),
        ({"HttpFeedback[3]/URL": FEEDBACK.replace("rooms", "old")}, "feedback-old"),
        ({"HttpFeedback[3]/URL": FEEDBACK.replace(SECRET, "b3" * 16)}, "feedback-old"),
        ({"HttpFeedback[3]/URL": FEEDBACK.replace(".org", ".org:8080")}, "feedback-old"),
        # TC tells no status of a slot.
        ({"HttpFeedback[3]/Status": None}, "feedback-right"),
    ],
)
def test_feedback(status: dict[str, Any], key: str) -> None:
    assert [one for one in keys(seen=view(status)) if one.startswith("feedback")] == [key]


def test_feedback_gives_the_device_its_words() -> None:
    seen = view(
        {
            "HttpFeedback[3]/Status": "Failed",
            "Diagnostics/Message[1]/Type": "HTTPFeedbackFailed",
            "Diagnostics/Message[1]/References": "FeedbackSlot=3&Error=Failed%20to%20connect",
        }
    )
    (stopped,) = (one for one in outbound.judge(record(), seen, NOW) if one.key == "feedback-stopped")
    assert stopped.evidence == "FeedbackSlot=3&Error=Failed to connect"


def test_nothing_known_and_not_managed() -> None:
    nothing = DeviceView({}, {})
    found = keys(record(state="pre_registered", posts={"last_at": None}, secret=Secret()), nothing)
    assert found == ["view-missing", "not-managed", "posts-none", "addresses-equal"]


def test_only_text_of_devices_that_is_hostile_comes_out_harmless() -> None:
    seen = view({"Provisioning/Status": "Failed\x00<b>{name}</b>"}, {f"{MANAGER}/Address": "x" * 5000})
    found = outbound.judge(record(), seen, NOW)
    assert all(len(one.sentence) < 800 for one in found)
    assert any(one.level is Level.FAULT for one in found)


def test_scheme_in_use() -> None:
    assert outbound.scheme_in_use(record(), view()) == "HTTP"
    silent = record(posts={"scheme": ""})
    assert outbound.scheme_in_use(silent, view(configuration={f"{MANAGER}/Protocol": "HTTPS"})) == "HTTPS"
    assert outbound.scheme_in_use(silent, DeviceView({}, {})) == "HTTP"


@pytest.mark.parametrize(
    ("version", "node", "setting"),
    [
        ("TC7.3.3.c84180a", "SystemUnit/Diagnostics", "NetworkServices HTTPS VerifyServerCertificate"),
        ("ce9.6.1.4516ae5aaa1", "Diagnostics", "NetworkServices HTTPS VerifyServerCertificate"),
        ("ce11.27.2.0", "Diagnostics", "Provisioning TlsVerify"),
    ],
)
def test_who_does_not_trust_us_is_told_the_setting_of_its_own_release(
    version: str, node: str, setting: str
) -> None:
    seen = view(
        {
            "SystemUnit/Software/Version": version,
            "Provisioning/Status": "Failed",
            f"{node}/Message[1]/Type": "ProvisioningStatus",
            f"{node}/Message[1]/References": "status=Failed&host=10.0.0.9&reason=SSL certificate problem",
        }
    )
    found = {finding.key: finding for finding in outbound.judge(record(), seen, NOW)}
    assert f"set {setting} to Off" in found["device-distrusts"].next_step
