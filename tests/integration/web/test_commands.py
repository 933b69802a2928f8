"""Running commands from a system's page: chosen from its own document, checked, confirmed, followed."""

import pytest
from django.test import Client
from django.utils import timezone
from tests.command_document import COMMANDS
from tests.integration.configuration_templates.conftest import store_document
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.provisioning import holding
from roomkeeper.provisioning.models import Action
from roomkeeper.systems.models import Contact, System


@pytest.fixture(autouse=True)
def told(boardroom: System) -> None:
    """The Boardroom has told its commands."""
    store_document(boardroom, "command", COMMANDS.encode())


def address(system: System) -> str:
    return f"/systems/{system.pk}/command/"


def test_the_parameters_of_a_command_come_from_the_devices_own_document(
    client: Client, boardroom: System
) -> None:
    page = text_of(client.get(address(boardroom)))
    assert '<option value="Audio Volume Set">' in page
    assert "the 7 commands that Boardroom reported" in page
    page = text_of(client.get(address(boardroom), {"command": "macros macro save"}))
    assert 'name="p-Name"' in page
    assert "required" in page
    assert 'maxlength="20"' in page
    assert "left out: True" in page
    assert 'name="body"' in page
    assert "is-invalid" not in page
    page = text_of(client.get(address(boardroom), {"command": "Audio/Volume/Set"}))
    assert 'min="0" max="100"' in page
    assert 'name="body"' not in page


def test_a_pasted_command_fills_the_fields(client: Client, boardroom: System) -> None:
    page = text_of(client.get(address(boardroom), {"command": "xCommand Audio Volume Set level: 40"}))
    assert 'name="command" value="Audio Volume Set"' in page
    assert 'name="p-Level" value="40"' in page


def test_a_command_is_asked_after_it_was_confirmed(client: Client, boardroom: System) -> None:
    sent = {
        "command": "Audio Volume Set",
        "shown": "Audio Volume Set",
        "p-Level": "40",
        "not_during_calls": "1",
    }
    question = text_of(client.post(address(boardroom), {**sent, "step": "check"}))
    assert "xCommand Audio Volume Set Level: 40" in question
    assert "goes with the answer to the system&#x27;s next post" in question or "next post" in question
    assert not Action.objects.exists()
    answer = client.post(address(boardroom), {**sent, "step": "confirm"})
    action = Action.objects.get()
    assert answer["Location"] == f"/systems/{boardroom.pk}/actions/{action.pk}/"
    assert (action.command, action.arguments) == ("Audio/Volume/Set", [["Level", "40"]])
    assert (action.during_calls, action.only_in_window) == (False, False)
    assert AuditEntry.objects.get(act="run command").object_label == "Boardroom"
    page = text_of(client.get(answer["Location"]))
    assert "WAITING" in page
    assert "not during a call" in page
    Action.objects.update(state="confirmed", answer={"Volume": "40"}, reason="the device ran it: Volume 40")
    assert '<td class="value path">Volume</td><td class="value">40</td>' in text_of(
        client.get(answer["Location"])
    )


def test_pushed_systems_are_told_so(client: Client, boardroom: System) -> None:
    System.objects.update(username="admin")
    sent = {"command": "Standby Activate", "step": "check"}
    assert "pushed to the device within seconds" in text_of(client.post(address(boardroom), sent))
    System.objects.update(in_call=True)
    page = text_of(client.post(address(boardroom), {**sent, "not_during_calls": "1"}))
    assert holding.IN_CALL in page


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"p-Level": "400"}, "It must be a number from 0 to 100."),
        ({}, "Is required."),
        ({"p-Level": "4", "p-Colour": "red"}, "This device&#x27;s command has no such parameter."),
        ({"p-Level": "4", "body": "text"}, "This device&#x27;s command takes no body."),
    ],
)
def test_what_the_device_would_refuse_stands_beside_the_field(
    client: Client, boardroom: System, values: dict[str, str], sentence: str
) -> None:
    for step in ("check", "confirm"):
        sent = {"command": "Audio Volume Set", "shown": "Audio Volume Set", "step": step, **values}
        answer = client.post(address(boardroom), sent)
        assert answer.status_code == 422
        assert sentence in text_of(answer)
    assert not Action.objects.exists()


def test_what_the_list_lacks_is_asked_only_with_a_tick(client: Client, boardroom: System) -> None:
    sent = {"command": "Audio Nothing Level: 3", "step": "confirm"}
    page = client.post(address(boardroom), sent)
    assert page.status_code == 422
    assert "it has no such command" in text_of(page)
    assert "Send it anyway" in text_of(page)
    client.post(address(boardroom), {**sent, "anyway": "1"})
    assert Action.objects.get().arguments == [["Level", "3"]]


def test_similar_commands_are_offered(client: Client, boardroom: System) -> None:
    assert "?command=Audio%2FVolume%2FSet" in text_of(
        client.get(address(boardroom), {"command": "Audio Volume"})
    )


def test_bodies_and_lists_are_kept_as_they_were_typed(client: Client, boardroom: System) -> None:
    sent = {
        "command": "Macros Macro Save",
        "shown": "Macros Macro Save",
        "p-Name": "m",
        "body": "a\r\n  b\r\n",
    }
    client.post(address(boardroom), {**sent, "step": "confirm"})
    assert Action.objects.get().body == "a\n  b\n"
    sent = {
        "command": "Macros Macro Activate",
        "shown": "Macros Macro Activate",
        "p-Name": "one\r\ntwo words",
    }
    client.post(address(boardroom), {**sent, "step": "confirm"})
    assert Action.objects.last().arguments == [["Name", ["one", "two words"]]]  # type: ignore[union-attr]


def test_what_cannot_be_undone_wants_the_systems_name(client: Client, boardroom: System) -> None:
    sent = {
        "command": "SystemUnit FactoryReset Confirm: Yes",
        "p-Keep": ["HTTP", "Network"],
        "shown": "SystemUnit FactoryReset",
    }
    question = text_of(client.post(address(boardroom), {**sent, "step": "check"}))
    assert "Type <strong>Boardroom</strong> to confirm" in question
    client.post(address(boardroom), {**sent, "step": "confirm"})
    client.post(address(boardroom), {**sent, "step": "confirm", "word": "boardroom"})
    assert not Action.objects.exists()
    client.post(address(boardroom), {**sent, "step": "confirm", "word": "Boardroom"})
    assert Action.objects.get().arguments == [["Keep", ["HTTP", "Network"]], ["Confirm", "Yes"]]


def test_passwords_are_not_taken(client: Client, boardroom: System) -> None:
    sent = {"command": "UserManagement User Passphrase Set", "anyway": "1", "step": "check"}
    answer = client.post(address(boardroom), sent)
    assert answer.status_code == 422
    assert "use Passwords instead" in text_of(answer)


def test_without_a_document_the_text_is_free(client: Client, home_office: System) -> None:
    System.objects.filter(pk=home_office.pk).update(product="Something else")
    assert "has not reported its commands" in text_of(client.get(address(home_office)))
    sent = {"command": "xCommand Anything Goes Here: 3", "body": "", "step": "confirm"}
    client.post(address(home_office), sent)
    assert Action.objects.get().command == "Anything/Goes"


def test_another_system_of_the_model_stands_in(client: Client, vault: System) -> None:
    assert "another system of its model" in text_of(client.get(address(vault)))


def test_only_who_may_run_commands_sees_the_form(
    viewer: User, signed_in: SignedIn, boardroom: System
) -> None:
    assert signed_in(viewer).get(address(boardroom)).status_code == 403
    action = Action.objects.create(system=boardroom, command="Standby/Activate")
    page = text_of(signed_in(viewer).get(f"/systems/{boardroom.pk}/actions/{action.pk}/"))
    assert "Cancel it" not in page
    assert "Run it again" not in page


def act(system: System, word: str) -> str:
    return f"/systems/{system.pk}/act/{word}/"


def test_a_message_is_shown_by_the_command_of_the_release(client: Client, boardroom: System) -> None:
    assert 'name="seconds"' in text_of(client.get(act(boardroom, "message")))
    answer = client.post(
        act(boardroom, "message"), {"text": " Back at two ", "title": "Court", "seconds": "60"}
    )
    assert answer["Location"] == f"/systems/{boardroom.pk}/changes/"
    action = Action.objects.get()
    assert action.command == "UserInterface/Message/Alert/Display"
    assert action.arguments == [["Text", "Back at two"], ["Title", "Court"], ["Duration", "60"]]
    page = text_of(client.get(f"/systems/{boardroom.pk}/changes/"))
    assert f"/systems/{boardroom.pk}/actions/{action.pk}/" in page
    assert "Run a command…" in page


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"text": " "}, "at least 1 character"),
        ({"text": "x" * 256}, "at most 255 characters"),
        ({"text": "x", "seconds": "soon"}, "whole number"),
        ({"text": "x", "seconds": "3601"}, "3600 or less"),
        ({"text": "x", "seconds": "700"}, "It must be a number from 0 to 600."),
    ],
)
def test_a_message_that_none_can_show_is_refused(
    client: Client, boardroom: System, values: dict[str, str], sentence: str
) -> None:
    assert sentence in text_of(client.post(act(boardroom, "message"), values, follow=True))
    assert not Action.objects.exists()


def test_standby_waits_for_the_end_of_a_call_and_waking_does_not(client: Client, boardroom: System) -> None:
    client.post(act(boardroom, "standby"))
    client.post(act(boardroom, "wake"))
    assert list(Action.objects.order_by("pk").values_list("command", "during_calls")) == [
        ("Standby/Activate", False),
        ("Standby/Deactivate", True),
    ]


def test_a_system_that_told_nothing_is_asked_for_its_commands(client: Client, lobby: System) -> None:
    System.objects.filter(pk=lobby.pk).update(product="Other")
    Contact.objects.filter(system=lobby).update(documents_asked_at=timezone.now())
    client.get(address(lobby), headers={"X-Live": "1"})
    assert not Contact.objects.get(system=lobby).has_work
    client.get(address(lobby))
    contact = Contact.objects.get(system=lobby)
    assert (contact.has_work, contact.documents_asked_at) == (True, None)
