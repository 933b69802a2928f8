"""A new password pushed to a real virtual endpoint: proven by a login, and the old one kept until then."""

import json
from datetime import UTC, datetime

import pytest
from django.db import connection

from roomkeeper.devices.families.roomos import names
from roomkeeper.provisioning import actions, expiry, passwords
from roomkeeper.provisioning.models import Action
from roomkeeper.provisioning.push_pump import pump
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import Connectivity, Contact, System, TimelineEntry
from tests.integration.provisioning.reachable import make_system, push_due, with_device

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW = "roomkeeper", "Aud1torium & <Hall>"


@pytest.fixture
def system(transactional_db) -> System:
    """A reachable system whose management settings are in place."""
    made = make_system()
    System.objects.filter(pk=made.pk).update(management_is_due=False)
    return System.objects.get(pk=made.pk)


def reload(system: System) -> System:
    return System.objects.get(pk=system.pk)


def ask(system: System, password: str | None = NEW) -> Action:
    return passwords.set_password(system, password, user=None, now=datetime.now(UTC))


def outcome(action: Action) -> tuple[str, str]:
    action.refresh_from_db()
    return action.state, action.reason


def test_new_password_is_set_proven_and_kept(system):
    action = ask(system)
    assert credentials.password_of(reload(system)) == OLD

    async def act(endpoint):
        assert await push_due(endpoint) == 1
        return endpoint.device.users["admin"].password

    assert with_device(system, act) == NEW
    assert outcome(action) == ("confirmed", "a login with the new password worked")
    assert credentials.password_of(reload(system)) == NEW
    assert reload(system).login_worked_at is not None
    assert (bytes(action.secret), action.has_secret) == (b"", False)


def test_no_password_stands_readable_in_the_database(system):
    ask(system)
    with connection.cursor() as cursor:
        for table in ("provisioning_action", "systems_timelineentry", "systems_system"):
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - names of this test
            text = repr(
                [[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor.fetchall()]
            )
            assert "Aud1torium" not in text
            assert json.dumps(OLD) not in text


def test_generated_passwords_differ_and_please_strict_devices(system):
    made = {passwords.generate() for _ in range(200)}
    assert len(made) == 200
    for one in made:
        passwords.check(one)
        assert len(one) == 24
        kinds = (str.islower, str.isupper, str.isdigit, lambda letter: not letter.isalnum())
        assert all(sum(map(kind, one)) >= 4 for kind in kinds)
    ask(system, None)

    async def act(endpoint):
        await push_due(endpoint)
        return endpoint.device.users["admin"].password

    assert with_device(system, act) == credentials.password_of(reload(system)) != OLD


def test_device_that_refuses_keeps_the_old_one(system):
    action = ask(system)

    async def act(endpoint):
        endpoint.device.users["other"] = endpoint.device.users.pop("admin")
        endpoint.device.users["admin"] = type(endpoint.device.users["other"])("admin", OLD, ("User",))
        endpoint.device.users["other"].password = "x"
        await push_due(endpoint)
        return endpoint.device.users["admin"].password

    assert with_device(system, act) == OLD
    state, reason = outcome(action)
    assert state == "failed"
    assert "The old password is still set." in reason
    assert credentials.password_of(reload(system)) == OLD


def test_device_that_says_ok_and_keeps_the_old_one_is_found_out(system):
    action = ask(system)
    with_device(system, push_due, faults=(("keeps_value", "Passphrase"),))
    assert outcome(action) == ("failed", "the device kept its old password, which still works")
    assert credentials.password_of(reload(system)) == OLD
    assert reload(system).login_refused_at is None


def test_answer_that_is_lost_is_resolved_by_the_next_login(system):
    action = ask(system)

    async def act(endpoint):
        real, took = endpoint.logins.forget, []

        def take_and_go_down(name):
            # The command has been done; its answer goes lost with the restart.
            took.append(name)
            endpoint.set_fault("half_xml", True)
            real(name)

        endpoint.logins.forget = take_and_go_down
        await push_due(endpoint)
        between = (await Action.objects.aget(pk=action.pk)).state
        endpoint.set_fault("half_xml", False)
        pump.forget_failures()
        assert await push_due(endpoint) == 1
        assert await push_due(endpoint) == 0
        return between, took

    assert with_device(system, act) == ("delivered", ["admin"])
    assert outcome(action)[0] == "confirmed"
    assert credentials.password_of(reload(system)) == NEW


def test_device_that_takes_neither_is_tried_once_with_each_and_told(system):
    action = ask(system)
    tried = []

    async def act(endpoint):
        real = endpoint.logins.check

        def check(name, password):
            tried.append(password)
            return real(name, password)

        await push_due_until_taken(endpoint, check)
        for _ in range(3):
            pump.forget_failures()
            await push_due(endpoint)

    async def push_due_until_taken(endpoint, check):
        real = endpoint.logins.forget

        def lock(name):
            real(name)
            endpoint.logins.check = check
            endpoint.set_fault("locked_out", True)

        endpoint.logins.forget = lock
        await push_due(endpoint)

    with_device(system, act)
    assert outcome(action) == ("failed", "the device accepts neither the new password nor the old one")
    assert reload(system).login_refused_at is not None
    assert len(tried) <= 2


def test_credentials_stored_by_a_person_meanwhile_win(system):
    action = ask(system)
    credentials.set_credentials(reload(system), "admin", "stored by hand")

    async def act(endpoint):
        endpoint.device.users["admin"].password = "stored by hand"
        await push_due(endpoint)
        return endpoint.device.users["admin"].password

    assert with_device(system, act) == "stored by hand"
    assert outcome(action) == ("failed", passwords.OTHERS_STORED)


@pytest.mark.parametrize(
    ("connectivity", "stored", "state"),
    [
        (Connectivity.REACHABLE_ON_LAN, OLD, "delivered"),
        (Connectivity.REACHABLE_ON_LAN, NEW, "delivered"),
        (Connectivity.REACHABLE_ON_LAN, "by hand", "failed"),
        (Connectivity.BEHIND_FIREWALL, OLD, "delivered"),
        (Connectivity.BEHIND_FIREWALL, NEW, "failed"),
        (Connectivity.BEHIND_FIREWALL, "by hand", "failed"),
    ],
)
def test_what_a_person_stores_ends_what_no_login_will_prove(system, connectivity, stored, state):
    action = ask(system)
    Action.objects.update(state="delivered", delivered_at=datetime.now(UTC))
    System.objects.update(connectivity=connectivity)
    found = reload(system)
    credentials.set_credentials(found, "admin", stored)
    passwords.end_overtaken(found, now=datetime.now(UTC))
    action.refresh_from_db()
    assert (action.state, action.has_secret) == (state, state == "delivered")


def test_a_second_password_waits_for_the_first_and_cancelling_forgets_it(system):
    action = ask(system)
    with pytest.raises(passwords.PasswordRefused, match="already on its way"):
        ask(system, "another")
    assert actions.cancel(action, user=None, now=datetime.now(UTC))
    action.refresh_from_db()
    assert not action.has_secret
    assert ask(system, "another").state == "waiting"


def test_what_is_never_fetched_expires_with_its_secret(system):
    action = ask(system)
    expiry.expire(now=action.expires_at)
    action.refresh_from_db()
    assert (action.state, bytes(action.secret)) == ("expired", b"")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "blocked"}, "not managed"),
        ({"family": "mxp"}, "cannot be set"),
        ({"username": ""}, "no credentials are stored"),
        ({"software_version": "TC7.3.21", "username": "av-team"}, "only set the password of admin"),
        ({"login_refused_at": datetime(2026, 11, 1, tzinfo=UTC)}, "refuses the stored login"),
        ({"connectivity": Connectivity.INACCESSIBLE}, "cannot be reached"),
        ({"connectivity": Connectivity.BEHIND_FIREWALL}, "plain HTTP"),
    ],
)
def test_who_cannot_be_given_one_is_told_why(system, values, words):
    System.objects.filter(pk=system.pk).update(**values)
    (planned,) = passwords.plan([reload(system)])
    assert planned.verdict == "cannot"
    assert words in planned.words
    with pytest.raises(passwords.PasswordRefused, match=words):
        ask(reload(system))


def test_behind_a_firewall_by_https_it_is_told_that_no_login_proves_it(system):
    System.objects.filter(pk=system.pk).update(connectivity=Connectivity.BEHIND_FIREWALL)
    Contact.objects.filter(system=system).update(scheme="https")
    (planned,) = passwords.plan([reload(system)])
    assert (planned.verdict, "Behind Firewall" in planned.words) == ("unverified", True)


@pytest.mark.parametrize("password", ["", "x" * 128, "line\nbreak", OLD])
def test_what_is_no_password_is_refused(system, password):
    with pytest.raises(passwords.PasswordRefused):
        ask(system, password)
    assert not Action.objects.exists()


def test_any_command_cannot_be_used_around_it(system):
    for command in names.PASSWORD_COMMANDS:
        with pytest.raises(actions.ActionRefused, match="use Passwords instead"):
            actions.ask(system, command, [["Username", "admin"]], user=None, now=datetime.now(UTC))
    with pytest.raises(actions.ActionRefused, match="private key"):
        actions.ask(
            system, "Security/Certificates/Services/Add", user=None, now=datetime.now(UTC),
            body="-----BEGIN PRIVATE KEY-----",
        )  # fmt: skip
    assert not TimelineEntry.objects.filter(kind="action").exists()
