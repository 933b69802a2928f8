"""Commands for many systems from the list: planned by what each told, asked of those that can, failures told."""

import pytest
from django.test import Client
from tests.command_document import COMMANDS
from tests.integration.configuration_templates.conftest import store_document
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.provisioning.models import Action
from roomkeeper.systems.models import State, System

ADDRESS = "/systems/command/"
OTHER = (
    '<Command product="Cisco Codec" version="tc7"><Audio><Volume><Set command="True"><Level><ValueSpace type="Integer">'
    "<Min>0</Min><Max>10</Max></ValueSpace></Level></Set></Volume></Audio></Command>"
)


@pytest.fixture
def fleet(boardroom: System, vault: System, home_office: System, lobby: System) -> list[int]:
    """The Boardroom and the Vault are of one model; the Home Office of another; the Lobby has told nothing."""
    store_document(boardroom, "command", COMMANDS.encode())
    System.objects.filter(pk=home_office.pk).update(product="SX20", software_version="TC7.3")
    System.objects.filter(pk=lobby.pk).update(product="Quiet", software_version="1")
    store_document(home_office, "command", OTHER.encode())
    return [system.pk for system in (boardroom, vault, home_office, lobby)]


def test_who_cannot_is_counted_and_told_before_and_after(client: Client, fleet: list[int]) -> None:
    sent = {"system": fleet, "command": "Audio Volume Set Level: 40"}
    page = text_of(client.post(ADDRESS, {**sent, "step": "check"}))
    assert "<strong>3</strong> will be asked, <strong>1</strong> of them unchecked" in page
    assert "<strong>1</strong> cannot" in page
    assert "Level: It must be a number from 0 to 10." in page
    assert "Ask it of 3 systems" in page
    assert not Action.objects.exists()
    answer = client.post(ADDRESS, {**sent, "step": "confirm", "only_in_window": "1"}, follow=True)
    assert set(Action.objects.values_list("system__name", "only_in_window")) == {
        ("Boardroom", True),
        ("Vault", True),
        ("Lobby", True),
    }
    page = text_of(answer)
    assert answer.redirect_chain[-1][0].startswith("/actions/?created_after=")
    assert len(answer.context["rows"]) == 3
    assert "done for 3 of 4 systems" in page
    assert "Home Office: Level: It must be a number from 0 to 10." in page
    # Each is noted by itself, with the action: what was refused was not done.
    noted = AuditEntry.objects.filter(act="run command").values_list("object_label", "details__action")
    assert set(noted) == set(Action.objects.values_list("system__name", "pk"))


def test_parameters_and_completion_come_from_the_chosen_systems(client: Client, fleet: list[int]) -> None:
    page = text_of(client.get(ADDRESS, {"system": fleet, "command": "audio volume set"}))
    assert '<option value="Macros Macro Save">' in page
    assert 'name="p-Level"' in page
    assert "1 of them has reported none" in page
    page = text_of(client.get(ADDRESS, {"system": fleet, "command": "audio"}))
    assert "command=Audio%2FVolume%2FSet" in page


def test_a_message_for_many(client: Client, fleet: list[int]) -> None:
    address = "/systems/do/message/"
    asked = text_of(client.get(address, {"row": fleet}))
    assert 'name="seconds"' in asked
    assert "1 of 4 cannot. Home Office: not on this device: it has no such command." in asked
    sent = {"row": fleet, "text": "Fire drill", "seconds": "60", "step": "confirm"}
    page = text_of(client.post(address, sent, follow=True))
    assert "it has no such command" in page
    assert "done for 3 of 4 systems" in page
    assert Action.objects.count() == 3
    empty = text_of(client.post(address, {**sent, "text": " "}, follow=True))
    assert "at least 1 character" in empty
    assert Action.objects.count() == 3


def test_standby_and_waking_for_many(client: Client, fleet: list[int]) -> None:
    for what in ("standby", "wake"):
        client.post(f"/systems/do/{what}/", {"row": fleet[:2], "step": "confirm"})
    assert Action.objects.filter(command="Standby/Activate", during_calls=False).count() == 2
    assert Action.objects.filter(command="Standby/Deactivate").count() == 2


def test_what_cannot_be_undone_wants_the_number_of_systems(client: Client, fleet: list[int]) -> None:
    sent = {"system": fleet, "command": "SystemUnit FactoryReset Confirm: Yes"}
    assert "Type <strong>3</strong>" in text_of(client.post(ADDRESS, {**sent, "step": "check"}))
    client.post(ADDRESS, {**sent, "step": "confirm", "word": "4"})
    assert not Action.objects.exists()
    client.post(ADDRESS, {**sent, "step": "confirm", "word": "3"})
    assert Action.objects.count() == 3


def test_systems_that_are_not_managed_are_refused_by_name(client: Client, fleet: list[int]) -> None:
    System.objects.filter(pk=fleet[0]).update(state=State.BLOCKED)
    sent = {"system": fleet[:2], "command": "Standby Activate", "step": "check"}
    assert "Boardroom is not managed" in text_of(client.post(ADDRESS, sent))
    assert "Boardroom is not managed" in text_of(client.get("/systems/do/standby/", {"row": fleet[:2]}))


def test_only_where_one_may(
    site_administrator: User, viewer: User, signed_in: SignedIn, fleet: list[int]
) -> None:
    sent = {"command": "Standby Activate", "system": fleet, "step": "confirm"}
    signed_in(site_administrator).post(ADDRESS, sent)
    assert set(Action.objects.values_list("system__name", flat=True)) == {"Boardroom", "Vault"}
    assert signed_in(viewer).post(ADDRESS, sent).status_code == 403


def test_a_command_that_is_none_is_told(client: Client, fleet: list[int]) -> None:
    sent = {"system": fleet, "step": "check"}
    assert "Which command?" in text_of(client.post(ADDRESS, sent))
    assert "It is not a command" in text_of(client.post(ADDRESS, {**sent, "command": "a; b"}))
