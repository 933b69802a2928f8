"""A row of every declared subject on which its acts make sense, for tests that go over all of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from tests.integration.api.conftest import Caller, CallerOf
from tests.integration.operations.book_sources import GIVEN_TO_SET, book_of, source_of
from tests.integration.provisioning.test_authorities import made
from tests.integration.web.conftest import SignedIn

from roomkeeper.accounts import audit, tokens
from roomkeeper.accounts.models import ApiToken, AuditEntry, SavedView, SignInTries, User
from roomkeeper.backups import replacing
from roomkeeper.backups.models import Backup, Replacement, Restoration
from roomkeeper.backups.replacement_plan import Hardware
from roomkeeper.configuration_templates import editing
from roomkeeper.configuration_templates.content import checked
from roomkeeper.configuration_templates.models import (
    ConfigurationTemplate,
    TemplateAssignment,
)
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job
from roomkeeper.phonebooks import editing as books
from roomkeeper.phonebooks import keeping, setting
from roomkeeper.phonebooks.models import Contact as PhoneBookEntry
from roomkeeper.phonebooks.models import PhoneBookSetting
from roomkeeper.provisioning import actions, planning
from roomkeeper.provisioning.models import Action, ChangeItem, ChangeSet, Drift
from roomkeeper.secure_only.models import Member, Move
from roomkeeper.systems import inventory
from roomkeeper.systems.contact import credential_list
from roomkeeper.systems.models import (
    ConnectivityChange,
    Contact,
    Credential,
    Folder,
    FormerAddress,
    System,
    SystemSecret,
    Tag,
)
from roomkeeper.tickets.models import Ticket

Row = Callable[[System], Any]


def _boardroom() -> int:
    return System.objects.get(name="Boardroom").pk


def _oslo() -> int:
    return System.objects.get(name="Boardroom").folder_id


# What acts take where something has to be given, by subject and act.
GIVEN: dict[tuple[str, str], dict[str, Any]] = {
    ("templates", "change"): {"name": "Halls"},
    ("templates", "edit"): {"settings": {"Audio/DefaultVolume": "50"}, "note": "Louder"},
    ("templates", "apply"): {"systems": [_boardroom]},
    ("templates", "assign"): {"folder": _oslo},
    ("templates", "make persistent"): {"systems": [_boardroom]},
    ("systems", "password"): {"generate": True},
    ("systems", "authorities"): {"pem": made("AV Root", days=36_500)},
    ("systems", "message"): {"text": "Back at two"},
    ("systems", "login"): {"username": "admin", "password": "s3cret"},
    ("tags", "rename"): {"name": "courts"},
    ("phone books", "rename"): {"name": "Company"},
    ("phone books", "import"): {"content": "name,sip\nAnna,anna@example.org\n"},
    ("phone book entries", "change"): {"name": "Anne"},
    ("phone book sources", "change"): {"name": "Rooms", "every": 60},
    **GIVEN_TO_SET,
    ("saved views", "change"): {"name": "Silent rooms", "is_shared": True, "columns": ["name"]},
    ("credentials", "change"): {"name": "Rooms"},
    ("folders", "rename"): {"name": "Annex"},
    ("folders", "move"): {"parent": lambda: inventory.root_folder().pk},
    ("folders", "set window of"): {"maintenance_window": "Mon-Fri 20:00-06:00"},
    ("users", "change"): {"email": "kari@example.org"},
    ("users", "roles"): {"roles": [{"role": "viewer", "folder": lambda: inventory.root_folder().pk}]},
    ("groups", "change"): {"name": "Team"},
    ("systems", "rename"): {"name": "Court 4"},
    ("systems", "move"): {"folder": _oslo},
    ("systems", "tags"): {"tags": ["court"]},
    ("systems", "tag"): {"add": ["court"], "remove": ["loaner"]},
    ("systems", "notes"): {"notes": "Below the stage"},
    ("systems", "delete"): {},
    ("systems", "address"): {"host": "10.9.9.9", "http_port": 80, "https_port": 8443},
    ("systems", "trust"): {"tls_trust": "off", "tls_is_legacy": True},
    ("systems", "credentials"): {"username": "admin", "password": "s3cret", "password_may_use_http": True},
    ("systems", "connectivity"): {"connectivity": "behind_firewall"},
    ("systems", "lock"): {"connectivity_is_locked": True},
    ("systems", "unlock"): {"connectivity_is_locked": False},
    ("systems", "secure-only on"): {"is_secure_only": True},
    ("systems", "secure-only off"): {"is_secure_only": False},
    ("systems", "readmit"): {"source": "10.0.0.1", "shown": ["10.0.0.1"]},
    ("systems", "approve"): {"name": "Court 4", "source": "10.0.0.1", "shown": ["10.0.0.1"]},
    ("inbox", "approve"): {"name": "Court 4", "source": "10.0.0.1", "shown": ["10.0.0.1"]},
    ("inbox", "readmit"): {"source": "10.0.0.1", "shown": ["10.0.0.1"]},
    ("systems", "accept identity"): {"serial_number": "FOC77777777", "mac_address": "00:50:60:99:99:99"},
    ("groups", "roles"): {"roles": [{"role": "viewer", "folder": lambda: inventory.root_folder().pk}]},
}


def given_of(subject: str, act: str) -> dict[str, Any]:
    """What the act takes there, with the ids that only a database knows."""
    return {name: _known(value) for name, value in GIVEN.get((subject, act), {}).items()}


# What the form of a page sends, where it is written by hand.
FORMS: dict[tuple[str, str], dict[str, Any]] = {
    ("templates", "edit"): {
        "name": "As Boardroom",
        "folder": _oslo,
        "path": ["Audio/DefaultVolume"],
        "value": ["50"],
        "note": "Louder",
        "step": "save",
    },
}

# What is asked after a plan, by a page of its own with a form of its own.
PLANNED = {
    ("templates", "edit"),
    ("templates", "apply"),
    ("templates", "assign"),
    ("templates", "make persistent"),
}


def form_of(subject: str, act: str) -> dict[str, Any]:
    """The fields that the page of the act sends."""
    by_hand = FORMS.get((subject, act))
    return as_form(given_of(subject, act)) if by_hand is None else _known(by_hand)


def as_form(given: dict[str, Any]) -> dict[str, Any]:
    """The same as a form sends it: of small objects each part in a field of its own."""
    form: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            form |= {f"{name}.{part}": [line[part] for line in value] for part in value[0]}
        else:
            form[name] = value
    return form


def _known(value: Any) -> Any:
    if isinstance(value, list):
        return [_known(one) for one in value]
    if isinstance(value, dict):
        return {name: _known(one) for name, one in value.items()}
    return value() if callable(value) else value


def _ticket(system: System) -> Ticket:
    return Ticket.objects.create(system=system, kind="identity changed", reason="Another MAC address")


def _drift(system: System) -> Drift:
    path = "Audio/DefaultVolume"
    planning.create_change_set([system], {path: "44"}, user=None, now=timezone.now(), is_persistent=True)
    ChangeItem.objects.update(state="confirmed")
    return Drift.objects.create(
        system=system,
        match_key=ChangeItem.objects.latest("pk").match_key,
        path=path,
        layer="persistent",
        enforcement="automatic",
        wanted="44",
        found="70",
        since=timezone.now(),
        noticed_by="report",
    )


def _tag(system: System) -> Tag:
    inventory.set_tags(system, ["court"])
    return Tag.objects.get(name="court")


def _folder(system: System) -> Folder:
    return inventory.create_folder(system.folder, "HQ")


def _credential(system: System) -> Credential:
    values = {"username": "admin", "password": "s3cret"}
    return credential_list.add(name="Shared", kind="login", values=values, now=timezone.now())


def _lock_out(system: System) -> SignInTries:
    now = timezone.now()
    user, _ = User.objects.get_or_create(username=f"locked {system.pk}")
    until = now + timedelta(minutes=1)
    return SignInTries.objects.create(
        key=user.username, source="192.0.2.7", user=user, failures=5, tried_at=now, locked_until=until
    )


def _user(system: System) -> User:
    return User.objects.create_user("kari")


def _group(system: System) -> Group:
    return Group.objects.create(name="Oslo team")


def _token(system: System) -> ApiToken:
    owner, _ = User.objects.get_or_create(username="administrator")
    return tokens.create_token(owner, now=timezone.now(), name="robot")[0]


def _job(system: System) -> Job:
    new = [work.NewItem("item")]
    return work.create(
        "diagnose", "A trial", new, user=None, now=timezone.now(), folder_path=system.folder.path
    )


def _backup(system: System) -> Backup:
    return Backup.objects.create(system=system, reason="by_hand", made_at=datetime(2026, 3, 1, 8, tzinfo=UTC))


def _audit_entry(system: System) -> AuditEntry:
    return audit.record(None, "server", "sign in refused", system)


def _change_set(system: System) -> ChangeSet:
    now = timezone.now()
    return planning.create_change_set(
        [system], {"Standby/Control": "Off"}, user=None, now=now, description="Quiet"
    )


def _action(system: System) -> Action:
    return actions.ask(system, "Standby/Activate", [], user=None, now=timezone.now())


def _saved_view(system: System) -> SavedView:
    owner, _ = User.objects.get_or_create(username="owner")
    return SavedView.objects.create(
        user=owner, of_list="systems", name=f"Silent {system.pk}", query="alive=no", is_shared=True
    )


def _member(system: System) -> Member:
    return Member.objects.create(move=Move.objects.create(), system=system, wave=0, state="waiting")


def _template(system: System) -> ConfigurationTemplate:
    name = f"As {system}"
    ConfigurationTemplate.objects.filter(name=name).delete()
    content = checked([("Audio/DefaultVolume", "40")])
    return editing.create_template(name, system.folder, content, user=None, now=timezone.now())


def _assignment(system: System) -> TemplateAssignment:
    template, now = _template(system), timezone.now()
    return editing.assign(template, user=None, now=now, folder=system.folder)


def _replacement(system: System) -> Replacement:
    hardware = Hardware("NEW0001")
    system.refresh_from_db()
    return replacing.replace(system, hardware, user=None, now=timezone.now(), restores=False)[0]


def _restoration(system: System) -> Restoration:
    return Restoration.objects.create(system=system, backup=_backup(system))


def _waiting(system: System) -> None:
    system.state, system.folder = "pending", inventory.root_folder()


def _changed(system: System) -> None:
    ConnectivityChange.objects.create(
        system=system, at=timezone.now(), old=system.connectivity, new="behind_firewall", reason="set by hand"
    )


def _proven(system: System) -> None:
    SystemSecret.objects.get_or_create(
        system=system,
        stage="current",
        defaults={"digest": bytes(32), "ciphertext": b"", "created_at": timezone.now()},
    )


def _state(**values: Any) -> Callable[[System], None]:
    def put(system: System) -> None:
        for name, value in values.items():
            setattr(system, name, value)

    return put


# In which state an act on a system makes sense, where it does not in that of any.
STATES: dict[str, Callable[[System], None]] = {
    "approve": _state(state="pre_registered"),
    "unlock": _state(connectivity_is_locked=True),
    "secure-only on": _proven,
    "secure-only off": _state(is_secure_only=True),
    "rotate secret": _proven,
    "try login": _state(login_refused_at=datetime(2026, 3, 1, 8, tzinfo=UTC)),
    "undo connectivity": _changed,
    "activation code": _state(state="pre_registered"),
}


def _in_inbox(system: System) -> System:
    _waiting(system)
    system.save()
    return system


def _entry(system: System) -> PhoneBookEntry:
    typed = books.Typed("Anna", [("sip", "anna@example.org", "")])
    return books.add_entry(book_of(system), typed)


def _book_setting(system: System) -> PhoneBookSetting:
    return setting.set_on_system(book_of(system), system)


def _straggler(system: System) -> System:
    FormerAddress.objects.get_or_create(host="old.example.org", side="public", replaced_at=timezone.now())
    Contact.objects.update_or_create(system=system, defaults={"used_host": "old.example.org"})
    return system


ROWS: dict[str, Row] = {
    "replacements": _replacement,
    "restorations": _restoration,
    "phone books": book_of,
    "phone book entries": _entry,
    "phone book sources": source_of,
    "phone book settings": _book_setting,
    "stragglers": _straggler,
    "templates": _template,
    "template assignments": _assignment,
    "secure-only moves": lambda system: _member(system).move,
    "secure-only members": _member,
    "saved views": _saved_view,
    "change sets": _change_set,
    "actions": _action,
    "systems": lambda system: system,
    "tickets": _ticket,
    "drift": _drift,
    "tags": _tag,
    "credentials": _credential,
    "folders": _folder,
    "lock-outs": _lock_out,
    "audit": _audit_entry,
    "users": _user,
    "groups": _group,
    "tokens": _token,
    "jobs": _job,
    "job items": lambda system: _job(system).items.get(),
    "inbox": _in_inbox,
    "backups": _backup,
}


@pytest.fixture(autouse=True)
def _every_kind_of_source_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a kind of phone book sources lacks on this machine is no matter of its acts."""
    monkeypatch.setattr(keeping, "check_installed", lambda kind: None)


@pytest.fixture
def row_of(boardroom: System) -> Callable[[str], Any]:
    """Makes a row of the subject with that name, of Boardroom where it is about a system."""
    return lambda plural: ROWS[plural](boardroom)


@pytest.fixture
def as_user(db: None) -> CallerOf:
    """Makes a caller of the API for a user."""
    return Caller


@pytest.fixture
def signed_in(db: None) -> SignedIn:
    """Makes a browser in which a person is signed in."""

    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return make
