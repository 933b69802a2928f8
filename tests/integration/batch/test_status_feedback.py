"""Status feedback and call events are merged into what is stored of a system: shown, and used."""

import importlib
import json
from datetime import timedelta

import pytest
from django.apps import apps

from roomkeeper.protocols.answer_reading import decode_answer
from roomkeeper.protocols.feedback import decode_feedback
from roomkeeper.provisioning import planning
from roomkeeper.systems import documents, housekeeping
from roomkeeper.systems.check_ins import liveness
from roomkeeper.systems.models import Contact, FactChange, System, ToldByFeedback
from tests.cases import read_case
from tests.integration.api.conftest import Caller
from tests.integration.batch.conftest import Device

SIP = "SIP/Registration[1]/Status"
WHOLE = {"SystemUnit/ProductId": "Cisco Codec", SIP: "Registered", "Standby/State": "Off"}


@pytest.fixture
def proven(device, prove):
    prove(device)
    return device


def system() -> System:
    return System.objects.get(serial_number="FTT00000001")


def status_of() -> dict[str, str]:
    return documents.status_values(system().pk)


def told(proven, body):
    return proven.feedback(f"<Status><!--id-->{body}</Status>")


def call(number, status):
    return f'<Call item="{number}" maxOccurrence="n"><Status>{status}</Status></Call>'


def ghost(number):
    return f'<Call ghost="True" item="{number}" maxOccurrence="n"/>'


def event(proven, name, number):
    return proven.feedback(
        f"<Event><!--id--><{name} item='1'><CallId item='1'>{number}</CallId></{name}></Event>"
    )


def test_failed_registration_of_the_cases_stands(manager, proven):
    manager.post(proven.status(WHOLE))
    manager.wait(seconds=5)
    body = read_case("07-status-feedback-sip.xml").decode()
    inside = body[body.index("<SIP>") : body.index("</Status>", body.index("</SIP>"))]
    manager.post(told(proven, inside))
    assert status_of()[SIP] == "Failed"
    known = documents.status_facts(system().pk)
    assert (known.facts[SIP], known.facts["SIP/Registration[1]/Reason"]) == ("Failed", "DNS lookup failed")
    assert known.facts["Standby/State"] == "Off"
    assert known.told_at == manager.now
    change = FactChange.objects.get(path=SIP)
    assert (change.old_value, change.new_value) == ("Registered", "Failed")


def test_the_page_and_the_api_show_what_the_case_says(manager, prove, administrator, client):
    case = read_case("07-status-feedback-sip.xml").decode()
    aula = Device(serial="FTT1830ABCE", mac="00:50:60:0A:0B:0D", version="ce9.15.0.11.0a1b2c3d4e5")
    prove(aula)
    manager.post(aula.status(WHOLE | {"SIP/Registration[1]/Reason": ""}))
    manager.wait(seconds=5)
    manager.post(aula.feedback(case))
    key = System.objects.get(serial_number=aula.serial).pk
    client.force_login(administrator)
    for address in (f"/systems/{key}/", f"/systems/{key}/status/"):
        page = client.get(address).content.decode()
        assert "Failed" in page, address
        assert "DNS lookup failed" in page, address
    status = str(Caller(administrator).get(f"systems/{key}/status"))
    assert "Failed" in status
    assert "Registered" not in status


def test_feedback_before_the_first_status_is_shown(manager, proven):
    manager.post(told(proven, "<Standby><State>Standby</State></Standby>"))
    assert status_of() == {"Standby/State": "Standby"}
    assert documents.status_facts(system().pk).facts == {"Standby/State": "Standby"}
    assert documents.status_facts(system().pk).received_at is None


def test_next_status_has_it_all_and_nothing_is_left_over(manager, proven):
    manager.post(proven.status(WHOLE))
    manager.post(told(proven, "<Standby><State>Standby</State></Standby>"))
    manager.wait(minutes=1)
    manager.post(proven.status(WHOLE))
    assert status_of()["Standby/State"] == "Off"
    assert not ToldByFeedback.objects.exists()


def test_ghost_takes_the_node_out_of_status_and_facts(manager, proven):
    messages = "".join(
        f'<Message item="{number}" maxOccurrence="n"><Type>{kind}</Type></Message>'
        for number, kind in ((1, "FanStatus"), (2, "NTPStatus"))
    )
    manager.post(
        proven.document("/Status", f'<Status version="x"><Diagnostics>{messages}</Diagnostics></Status>')
    )
    manager.post(
        told(proven, '<Diagnostics><Message ghost="True" item="1" maxOccurrence="n"/></Diagnostics>')
    )
    for found in (status_of(), documents.status_facts(system().pk).facts):
        assert "Diagnostics/Message[1]/Type" not in found
        assert found["Diagnostics/Message[2]/Type"] == "NTPStatus"


def test_json_says_the_same(manager, proven):
    manager.post(proven.status(WHOLE))
    content = {"Status": {"SIP": {"Registration": [{"id": "1", "Status": {"Value": "Failed"}}]}}}
    post = told(proven, "<A/>")
    post.raw = json.dumps(content).encode()
    post.message = decode_feedback(post.raw, "application/json")
    manager.post(post)
    assert status_of()[SIP] == "Failed"


@pytest.mark.parametrize("body", ["", "<SIP/>", "<Odd><Odder>1</Odder></Odd>", '<SIP ghost="False"/>'])
def test_empty_and_odd_feedback_destroys_nothing(manager, proven, body):
    manager.post(proven.status(WHOLE))
    manager.post(told(proven, body))
    assert WHOLE.items() <= status_of().items()
    assert documents.status_facts(system().pk).facts[SIP] == "Registered"


def test_part_of_a_status_posted_as_a_document_is_merged(manager, proven):
    manager.post(proven.status(WHOLE))
    manager.post(proven.document("/Status", "<Status><Standby><State>Standby</State></Standby></Status>"))
    assert status_of() == {**WHOLE, "Standby/State": "Standby"}


def test_upgrade_that_feedback_tells_changes_the_version(manager, proven):
    manager.post(proven.status({**WHOLE, "SystemUnit/Software/Version": "ce9.15.0.11"}))
    manager.post(told(proven, "<SystemUnit><Software><Version>ce9.15.17.4</Version></Software></SystemUnit>"))
    assert system().software_version == "ce9.15.17.4"


def test_second_call_that_ends_does_not_end_the_first(manager, proven):
    for body in (call(21, "Connected"), call(22, "Ringing"), ghost(22)):
        manager.post(told(proven, body))
        assert system().in_call
    assert set(system().calls["numbered"]) == {"21"}
    manager.post(event(proven, "CallDisconnect", 22))
    assert system().in_call
    manager.post(event(proven, "CallDisconnect", 21))
    assert not system().in_call
    assert "Call[21]/Status" not in status_of()


def test_all_in_one_batch_is_the_same(manager, proven):
    bodies = (call(21, "Connected"), call(22, "Ringing"), ghost(22))
    manager.post(*(told(proven, body) for body in bodies), event(proven, "CallSuccessful", 23))
    assert set(system().calls["numbered"]) == {"21", "23"}


def test_a_call_told_beside_a_beat_holds_what_the_beat_would_be_handed(manager, proven):
    """Both in one batch: the call is known before the answer is worked out."""
    planning.create_change_set([system()], {"Audio/DefaultVolume": "44"}, user=None, now=manager.now)
    manager.wait(seconds=1)
    _, reply = manager.post(
        told(proven, call(4, "Connected")),
        proven.event(),
    )
    assert not decode_answer(reply.body).settings
    manager.wait(seconds=1)
    _, reply = manager.post(told(proven, ghost(4)), proven.event())
    assert [one.path for one in decode_answer(reply.body).settings] == ["Audio/DefaultVolume"]


def test_a_system_that_was_in_a_call_when_calls_got_numbers_stays_in_it(manager, proven):
    module = importlib.import_module("roomkeeper.systems.migrations.0017_told_and_in_call")
    System.objects.update(in_call=True, calls={})
    module.keep_calls(apps, None)
    manager.post(told(proven, ghost(9)))
    assert system().in_call
    assert "/Status" in [one.location for one in manager.beat(proven).documents]
    manager.post(proven.status({"SystemUnit/State/NumberOfActiveCalls": "0"}))
    assert not system().in_call


def test_ringing_counts_and_a_ghost_of_a_child_does_not_end_it(manager, proven):
    manager.post(told(proven, call(4, "Ringing")))
    manager.post(told(proven, '<Call item="4"><Encryption ghost="True"/></Call>'))
    assert system().in_call


def test_calls_of_a_document_and_of_feedback_are_one_set(manager, proven):
    manager.post(proven.status({**WHOLE, "Call[21]/Status": "Connected", "Call[22]/Status": "Connected"}))
    manager.wait(seconds=1)
    manager.post(event(proven, "CallDisconnect", 21))
    assert set(system().calls["numbered"]) == {"22"}
    assert "Call[22]/Status" in status_of()
    manager.wait(seconds=1)
    manager.post(proven.status(WHOLE))
    assert not system().in_call


def test_teams_call_counts_and_a_disconnect_of_another_does_not_end_it(manager, proven):
    manager.post(proven.status({**WHOLE, "MicrosoftTeams/Calling/InCall": "True"}))
    assert system().in_call
    manager.wait(seconds=1)
    manager.post(event(proven, "CallDisconnect", 1))
    assert system().in_call
    manager.post(told(proven, "<MicrosoftTeams><Calling><InCall>False</InCall></Calling></MicrosoftTeams>"))
    assert not system().in_call


def test_room_that_fell_silent_is_not_in_a_call_and_not_alive(manager, proven):
    manager.post(told(proven, call(21, "Connected")))
    manager.wait(hours=2)
    found, contact = system(), Contact.objects.get(system=system())
    # Before the sweep has come by, too.
    assert not liveness.is_in_call(found, contact, manager.now)
    assert not System.objects.filter(liveness.in_call_filter(True, manager.now)).exists()
    assert System.objects.filter(liveness.in_call_filter(False, manager.now)).count() == 1
    housekeeping.sweep_liveness(now=manager.now)
    found.refresh_from_db()
    assert (found.in_call, found.calls) == (False, {})
    assert "/Status" in [one.location for one in manager.beat(proven).documents]


def test_next_contact_is_never_due_in_the_past_while_alive(manager, proven):
    manager.beat(proven)
    contact = Contact.objects.get(system=system())
    moment = contact.last_seen_at
    while liveness.alive_word(contact, moment) == "yes":
        due = liveness.next_contact_due(contact, moment)
        assert due is not None
        assert due >= moment
        moment += timedelta(seconds=7)
    assert liveness.next_contact_due(contact, moment) == contact.next_contact_due_at


def test_liar_ends_no_call(manager, proven, device):
    manager.post(told(proven, call(21, "Connected")))
    secret, proven.secret = proven.secret, "a" * 32
    manager.post(told(proven, ghost(21)))
    proven.secret = secret
    assert system().in_call
