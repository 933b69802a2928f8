"""Admission by people: from a list or the inbox to a managed system, and aside (rules R3, R4)."""

from datetime import UTC, datetime, timedelta

import pytest

from roomkeeper.accounts.models import Role
from roomkeeper.accounts.permissions import assign
from roomkeeper.systems import admission, inventory, network_settings
from roomkeeper.systems.admission import AdmissionRefused, secrets
from roomkeeper.systems.admission.secrets import RotationRefused
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import Contact, State, System, SystemSecret, TimelineEntry

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def register(**values):
    return admission.pre_register(user=None, now=NOW, **values)


def waiting(folder, serial="FTT00000099", mac="0011223300FF", source="10.1.2.3"):
    """A system in the inbox."""
    system = System.objects.create(
        reported_name="Den", serial_number=serial, mac_address=mac, folder=folder, state=State.PENDING
    )
    Contact.objects.create(system=system, last_seen_at=NOW, source_address=source)
    return system


def stages(system):
    return sorted(system.secrets.values_list("stage", flat=True))


def prove(system):
    """The pending secret was used."""
    system.secrets.filter(stage="pending").update(stage="current", proven_at=NOW, expires_at=None)


def summaries(system):
    return list(TimelineEntry.objects.filter(system=system).order_by("id").values_list("summary", flat=True))


def test_pre_registered_system_keeps_everything_that_was_given(oslo, administrator):
    system = admission.pre_register(
        user=administrator,
        now=NOW,
        mac_address="00:11:22:aa:bb:cc",
        serial_number=" FTT123 ",
        hint_address="10.1.2.3",
        name=" Den ",
        folder=oslo,
        tags=["home"],
        network="10.1.2.0/24",
        host="10.1.2.3",
        https_port=8443,
        username="admin",
        password="correct horse",
        is_secure_only=True,
    )
    system.refresh_from_db()
    assert system.state == State.PRE_REGISTERED
    assert (system.serial_number, system.mac_address, system.name) == ("FTT123", "001122AABBCC", "Den")
    assert (system.folder, system.host, system.https_port) == (oslo, "10.1.2.3", 8443)
    assert (system.admission_network, system.admission_hint_address) == ("10.1.2.0/24", "10.1.2.3")
    assert system.is_secure_only
    assert [tag.name for tag in system.tags.all()] == ["home"]
    assert credentials.password_of(system) == "correct horse"
    assert Contact.objects.get(system=system).last_seen_at is None
    entry = TimelineEntry.objects.get(system=system)
    assert (entry.summary, entry.user, entry.last_at) == ("Pre-registered", administrator, NOW)
    # A list alone makes no secret; the device has to come first.
    assert not SystemSecret.objects.exists()


def test_network_is_kept_in_its_own_spelling(root_folder):
    assert register(serial_number="A", network="10.1.2.0/24").admission_network == "10.1.2.0/24"
    assert register(serial_number="B", network="2001:DB8::/32").admission_network == "2001:db8::/32"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "MAC address, its serial number"),
        ({"mac_address": " ", "serial_number": " "}, "MAC address, its serial number"),
        ({"mac_address": "00:11:22"}, "is not a MAC address"),
        ({"serial_number": "A", "network": "10.1.2.3/33"}, "10.1.2.3/33"),
        ({"serial_number": "A", "network": "10.1.2.3/24"}, "names an address within a network"),
        ({"serial_number": "A", "network": "here"}, "here"),
        ({"serial_number": "A", "hint_address": "there"}, "there"),
        ({"serial_number": "A" * 65}, "at most 64 characters"),
    ],
)
def test_registration_that_cannot_be_is_refused_in_words_and_leaves_nothing(root_folder, values, words):
    with pytest.raises(AdmissionRefused, match=words):
        register(**values)
    assert not System.objects.exists()


@pytest.mark.parametrize("state", [State.PRE_REGISTERED, State.MANAGED, State.IGNORED, State.BLOCKED])
@pytest.mark.parametrize("values", [{"serial_number": "FTT00000001"}, {"mac_address": "00:11:22:33:00:01"}])
def test_identity_that_another_system_has_is_refused_and_names_it(boardroom, state, values):
    System.objects.filter(pk=boardroom.pk).update(state=state)
    with pytest.raises(
        AdmissionRefused, match=f"Boardroom.*system {boardroom.pk}.*already has that identity"
    ):
        register(**values)
    assert System.objects.count() == 1


def test_blanks_of_two_systems_are_no_common_identity(root_folder):
    register(serial_number="A")
    register(serial_number="B")
    register(mac_address="00:11:22:33:44:55")
    assert System.objects.count() == 3


def test_system_that_waits_in_the_inbox_becomes_the_registered_one(oslo):
    before = waiting(oslo)
    system = register(serial_number=before.serial_number, name="Den", folder=oslo)
    assert system.pk == before.pk
    assert (system.state, system.mac_address) == (State.PRE_REGISTERED, "")
    assert Contact.objects.get(system=system).source_address == "10.1.2.3"


def test_registration_takes_nothing_but_what_the_person_said(oslo, boardroom):
    """Whoever waits in the inbox may have said anything: a number of another system, or one that is made up."""
    before = waiting(oslo, mac=boardroom.mac_address)
    system = register(serial_number=before.serial_number)
    assert (system.pk, system.mac_address) == (before.pk, "")
    with pytest.raises(AdmissionRefused, match="Boardroom"):
        register(serial_number="FTT00000123", mac_address=boardroom.mac_address)


def test_who_waits_with_another_number_is_not_the_registered_one(oslo):
    before = waiting(oslo)
    system = register(serial_number=before.serial_number, mac_address="00:11:22:33:44:55")
    assert system.pk != before.pk
    before.refresh_from_db()
    assert before.state == State.PENDING


def test_serial_numbers_are_one_whatever_their_letters(oslo, boardroom):
    with pytest.raises(AdmissionRefused, match="Boardroom"):
        register(serial_number=boardroom.serial_number.lower())
    assert register(serial_number="Ftt7").serial_number == "Ftt7"


def test_another_box_is_admitted_by_the_number_that_is_its_own(oslo, boardroom):
    by_serial = admission.approve(waiting(oslo, mac=boardroom.mac_address), user=None, now=NOW)
    assert (by_serial.serial_number, by_serial.mac_address) == ("FTT00000099", "")
    by_mac = admission.approve(waiting(oslo, serial=boardroom.serial_number.lower()), user=None, now=NOW)
    assert (by_mac.serial_number, by_mac.mac_address) == ("", "0011223300FF")
    assert any("left out" in summary for summary in summaries(by_mac))


def test_whose_number_it_is_is_told_only_to_who_may_see_it(oslo, bergen, boardroom, django_user_model):
    System.objects.filter(pk=boardroom.pk).update(folder=bergen)
    stranger = django_user_model.objects.create_user("stranger", password="correct horse battery")
    assign(stranger, oslo, Role.ADMINISTRATOR)
    twin = waiting(oslo, serial=boardroom.serial_number, mac=boardroom.mac_address)
    acts = [
        lambda: admission.approve(twin, user=stranger, now=NOW),
        lambda: admission.ignore(twin, user=stranger, now=NOW),
        lambda: admission.pre_register(
            user=stranger, now=NOW, serial_number=boardroom.serial_number, folder=oslo
        ),
    ]
    for act in acts:
        with pytest.raises(
            AdmissionRefused, match="A system that you are not allowed to see already has"
        ) as refusal:
            act()
        assert "Boardroom" not in str(refusal.value)
        assert str(boardroom.pk) not in str(refusal.value)
        assert "Bergen" not in str(refusal.value)


def test_secure_only_follows_network_settings_unless_it_was_said(root_folder):
    network_settings.update({"secure_only": True}, user=None, now=NOW)
    assert register(serial_number="A").is_secure_only
    assert not register(serial_number="B", is_secure_only=False).is_secure_only


def test_approved_system_is_managed_with_a_secret_bound_to_where_it_was_seen(oslo, bergen, administrator):
    system = admission.approve(waiting(oslo), user=administrator, now=NOW, folder=bergen, name="Home")
    system.refresh_from_db()
    assert (system.state, system.folder, system.name) == (State.MANAGED, bergen, "Home")
    assert (system.admitted_by, system.admitted_at, system.admitted_source) == (
        administrator,
        NOW,
        "10.1.2.3",
    )
    assert system.management_is_due
    secret = system.secrets.get()
    assert (secret.stage, secret.bound_source) == ("pending", "10.1.2.3")
    assert secret.expires_at == NOW + timedelta(hours=24)
    assert Contact.objects.get(system=system).has_work
    assert summaries(system) == ["Admitted by a person"]


def test_approved_system_without_a_name_takes_the_one_it_reported(oslo):
    assert admission.approve(waiting(oslo), user=None, now=NOW).name == "Den"


def test_approving_anew_voids_the_secret_that_was_never_used(oslo):
    system = admission.approve(waiting(oslo), user=None, now=NOW)
    first = secrets.text_of(system.secrets.get())
    admission.approve(system, user=None, now=NOW, source="10.9.9.9")
    (second,) = system.secrets.all()
    assert secrets.text_of(second) != first
    assert second.bound_source == "10.9.9.9"


def test_proven_system_is_not_approved_over_again(oslo):
    system = admission.approve(waiting(oslo), user=None, now=NOW)
    prove(system)
    with pytest.raises(AdmissionRefused, match="Admit again"):
        admission.approve(system, user=None, now=NOW)
    assert stages(system) == ["current"]


def test_ignored_system_can_be_approved_and_a_blocked_one_cannot(oslo):
    ignored = admission.ignore(waiting(oslo), user=None, now=NOW)
    assert admission.approve(ignored, user=None, now=NOW).state == State.MANAGED
    blocked = admission.block(waiting(oslo, "B", "0011223300FE"), user=None, now=NOW)
    with pytest.raises(AdmissionRefused, match="is blocked"):
        admission.approve(blocked, user=None, now=NOW)
    blocked.refresh_from_db()
    assert blocked.state == State.BLOCKED


def test_admitting_again_forgets_what_was_proven(oslo):
    system = admission.approve(waiting(oslo), user=None, now=NOW)
    prove(system)
    System.objects.filter(pk=system.pk).update(pinned_key="k" * 64, is_proven_by_probe=True)
    system.refresh_from_db()
    admission.readmit(system, user=None, now=NOW)
    system.refresh_from_db()
    assert (system.pinned_key, system.is_proven_by_probe) == ("", False)
    assert stages(system) == ["pending"]
    assert system.state == State.MANAGED


def test_blocked_system_comes_back_by_admitting_it_again(oslo):
    system = admission.block(waiting(oslo), user=None, now=NOW)
    assert admission.readmit(system, user=None, now=NOW).state == State.MANAGED


def test_of_two_waiting_with_one_identity_the_second_cannot_be_admitted(oslo):
    first, second = waiting(oslo), waiting(oslo)
    admission.approve(first, user=None, now=NOW)
    for act in (admission.approve, admission.ignore, admission.block):
        with pytest.raises(AdmissionRefused, match="already has this serial number or MAC address"):
            act(System.objects.get(pk=second.pk), user=None, now=NOW)
    second.refresh_from_db()
    assert second.state == State.PENDING
    assert not second.secrets.exists()


def test_accepted_identity_replaces_the_old_one(boardroom, administrator):
    admission.accept_identity(
        boardroom, user=administrator, now=NOW, serial_number="FTT9", mac_address="00:11:22:33:44:99"
    )
    boardroom.refresh_from_db()
    assert (boardroom.serial_number, boardroom.mac_address) == ("FTT9", "001122334499")
    assert summaries(boardroom) == ["Identity accepted: FTT9 / 001122334499, was FTT00000001 / 001122330001"]


@pytest.mark.parametrize(
    ("serial", "mac", "words"),
    [
        ("", "", "Enter the serial number or the MAC address"),
        ("FTT9", "00:11", "is not a MAC address"),
        ("FTT00000004", "", "Vault .*already has"),
    ],
)
def test_identity_that_cannot_be_accepted_is_refused(boardroom, vault, serial, mac, words):
    with pytest.raises(AdmissionRefused, match=words):
        admission.accept_identity(boardroom, user=None, now=NOW, serial_number=serial, mac_address=mac)
    boardroom.refresh_from_db()
    assert boardroom.serial_number == "FTT00000001"


@pytest.mark.parametrize(
    ("state", "own_network", "source", "is_admitted"),
    [
        (State.PRE_REGISTERED, "", "203.0.113.9", False),
        (State.PRE_REGISTERED, "", "10.20.0.1", True),
        (State.PRE_REGISTERED, "192.0.2.0/24", "192.0.2.7", True),
        (State.PRE_REGISTERED, "192.0.2.0/24", "10.20.0.1", False),
        (State.PENDING, "", "10.20.0.1", True),
        (State.PENDING, "", "203.0.113.9", False),
        (State.IGNORED, "", "10.20.0.1", False),
        (State.BLOCKED, "", "10.20.0.1", False),
    ],
)
def test_list_alone_admits_only_from_a_network(state, own_network, source, is_admitted, db):
    settings = network_settings.update(
        {"admission_by_hand": False, "admission_networks": ["10.20.0.0/16"]}, user=None, now=NOW
    )
    assert admission.may_be_admitted(state, own_network, source, settings) is is_admitted


def test_unknown_systems_wait_for_a_person_where_admission_is_by_hand(db):
    settings = network_settings.update({"admission_networks": ["10.20.0.0/16"]}, user=None, now=NOW)
    assert not admission.may_be_admitted(State.PENDING, "", "10.20.0.1", settings)


def test_secret_that_was_never_proven_cannot_be_rotated(oslo):
    system = admission.approve(waiting(oslo), user=None, now=NOW)
    with pytest.raises(RotationRefused, match="has not proven a secret yet"):
        secrets.rotate(system, now=NOW)
    assert stages(system) == ["pending"]


def test_rotation_lets_both_secrets_serve_and_a_second_one_replaces_the_first(oslo):
    system = admission.approve(waiting(oslo), user=None, now=NOW)
    prove(system)
    Contact.objects.filter(system=system).update(has_work=False)
    first = secrets.rotate(system, now=NOW)
    assert stages(system) == ["current", "next"]
    assert first.expires_at is None
    assert Contact.objects.get(system=system).has_work
    second = secrets.rotate(system, now=NOW)
    assert system.secrets.get(stage="next") == second


def test_secrets_are_found_by_digest_whatever_the_letter_case_and_never_stored_in_the_clear(oslo):
    secret = admission.approve(waiting(oslo), user=None, now=NOW).secrets.get()
    text = secrets.text_of(secret)
    assert SystemSecret.objects.get(digest=secrets.digest(text.upper())) == secret
    assert text.encode() not in bytes(secret.ciphertext) + bytes(secret.digest)


def test_credentials_are_encrypted_at_rest(boardroom):
    credentials.set_credentials(boardroom, "admin", "pässword 密")
    boardroom.refresh_from_db()
    assert credentials.password_of(boardroom) == "pässword 密"
    assert "pässword".encode() not in bytes(boardroom.password_ciphertext)
    assert credentials.has_credentials(boardroom)
    assert not any("pässword" in summary for summary in summaries(boardroom))


def test_empty_password_is_a_password_and_none_at_all_is_no_login(boardroom):
    assert not credentials.has_credentials(boardroom)
    assert credentials.password_of(boardroom) == ""
    # Old codecs come from the factory with an empty password.
    credentials.set_credentials(boardroom, "admin", "")
    boardroom.refresh_from_db()
    assert credentials.has_credentials(boardroom)
    assert credentials.password_of(boardroom) == ""


def test_accepting_a_new_key_forgets_the_pinned_one(boardroom, administrator):
    System.objects.filter(pk=boardroom.pk).update(pinned_key="k" * 64)
    boardroom.refresh_from_db()
    credentials.forget_pinned_key(boardroom, user=administrator, now=NOW)
    boardroom.refresh_from_db()
    assert boardroom.pinned_key == ""
    assert TimelineEntry.objects.get(system=boardroom).user == administrator


def test_deleted_system_may_be_registered_again(boardroom):
    serial = boardroom.serial_number
    inventory.delete_system(boardroom)
    assert register(serial_number=serial).state == State.PRE_REGISTERED
