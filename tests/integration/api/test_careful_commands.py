"""Undoing a change set and trying a login on many systems, from a shell, against a server over a real socket."""

import pytest
from django.utils import timezone
from tests.integration.api.test_command_line import Shell
from tests.integration.provisioning.conftest import report_configuration

from roomkeeper.accounts.models import User
from roomkeeper.jobs.models import Job
from roomkeeper.provisioning.models import Action, ChangeItem, ChangeSet, DeliveryState
from roomkeeper.provisioning.planning import create_change_set
from roomkeeper.systems.models import State, System


@pytest.fixture
def shell(live_server: object, administrator: User) -> Shell:
    return Shell(live_server.url, administrator)  # type: ignore[attr-defined]


@pytest.fixture
def done(boardroom: System, vault: System) -> ChangeSet:
    """A change set that both have confirmed."""
    for system in (boardroom, vault):
        report_configuration(system, {"Audio/DefaultVolume": "50"})
    made = create_change_set([boardroom, vault], {"Audio/DefaultVolume": "70"}, user=None, now=timezone.now())
    ChangeItem.objects.update(state=DeliveryState.CONFIRMED, delivered_at=timezone.now())
    for system in (boardroom, vault):
        report_configuration(system, {"Audio/DefaultVolume": "70"})
    return made


@pytest.mark.django_db(transaction=True)
def test_change_set_is_undone_on_one_system_and_then_on_the_others(
    shell: Shell, done: ChangeSet, vault: System
) -> None:
    assert "50" in shell("changes", "undo", str(done.pk), "--dry-run").stdout
    assert ChangeSet.objects.count() == 1
    one = shell.json("changes", "undo", str(done.pk), "--system", "Vault", "--yes")
    items = ChangeItem.objects.filter(change__change_set=one["id"])
    assert [(item.change.system_id, item.value) for item in items] == [(vault.pk, "50")]
    rest = shell.json("changes", "undo", str(done.pk), "--yes")
    assert {item.value for item in ChangeItem.objects.filter(change__change_set=rest["id"])} == {"50"}


@pytest.mark.django_db(transaction=True)
def test_login_is_asked_for_on_many_and_keeps_no_password_in_the_clear(
    shell: Shell, boardroom: System, vault: System
) -> None:
    # Nobody takes jobs up here, so nothing is waited for.
    told = shell(
        "systems",
        "login",
        "folder=Oslo",
        "--username",
        "admin",
        "--wait",
        "0",
        given="horse battery\n",
        code=1,
    )
    job = Job.objects.get()
    assert job.items.count() == 2
    assert "horse battery" not in told.output + str(Job.objects.values().get()) + str(
        list(job.items.values())
    )


@pytest.mark.django_db(transaction=True)
def test_restart_waits_for_the_end_of_calls_and_a_code_is_shown_once(
    shell: Shell, boardroom: System, vault: System
) -> None:
    shell("systems", "restart", "folder=Oslo", "--yes")
    assert {action.during_calls for action in Action.objects.all()} == {False}
    expected = System.objects.create(
        name="New", folder=vault.folder, state=State.PRE_REGISTERED, serial_number="FTT77"
    )
    told = shell.json("systems", "activation-code", str(expected.pk), "--hours", "24")
    assert len(str(told["code"])) >= 16
    assert str(told["code"]) not in shell("systems", "show", str(expected.pk), "--json").stdout


@pytest.mark.django_db(transaction=True)
def test_lock_out_and_credential_from_a_shell(shell: Shell, administrator: User, live_server: object) -> None:
    assert shell.json("lock-outs", "list")["items"] == []
    shell(
        "credentials",
        "add",
        "Rooms",
        "--kind=login",
        "--username",
        "admin",
        "--password-stdin",
        given="horse battery\n",
    )
    (told,) = shell.json("credentials", "list")["items"]  # type: ignore[misc]
    assert "horse battery" not in str(told)
    shell("credentials", "delete", str(told["id"]), "--yes")
    assert shell.json("credentials", "list")["items"] == []
