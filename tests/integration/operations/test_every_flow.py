"""Over all acts that are asked after a plan: by whichever road one is asked, it leaves or is refused the same.

Their pages and addresses are written by hand, so each road is written down here; an act without an entry fails.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.signals import pre_save
from django.test import Client
from tests.cast import PASSWORD
from tests.integration.api.conftest import Caller
from tests.integration.operations.commands import Commands
from tests.integration.operations.test_every_act import NOTED
from tests.integration.provisioning.test_authorities import made

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.backups.models import Backup, BackupSchedule, Replacement, Restoration
from roomkeeper.bulk_editing.planning import plan_edit
from roomkeeper.bulk_editing.reading import read_csv
from roomkeeper.jobs.models import Job
from roomkeeper.operations.subjects import all_subjects, get_subject
from roomkeeper.phonebooks import editing, keeping
from roomkeeper.phonebooks.models import Contact as Entry
from roomkeeper.phonebooks.models import PhoneBook, Source
from roomkeeper.phonebooks.sources.our_systems import OUR_SYSTEMS
from roomkeeper.provisioning import planning
from roomkeeper.provisioning.models import Action, Change, ChangeItem, ChangeSet
from roomkeeper.secure_only.models import Move
from roomkeeper.systems.models import System, SystemSecret

Page = Callable[[Client, System], Any]
Api = Callable[[Caller, System], Any]
Command = Callable[[Commands, System], int]
AUTHORITY = made("AV Root", days=36_500)
NEW = "another good password"
PEOPLE = "name,sip\nAnna,anna@example.org\n"
NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Flow:
    """How an act is asked by each road; `made` are the rows that it makes, which are forgotten between two roads."""

    page: Page
    api: Api | None
    made: Callable[[], Any]
    ready: Callable[[System], Any] = lambda system: None
    forget: Callable[[Any], Any] = lambda rows: rows.delete()
    command: Command | None = None


def _proven(system: System) -> None:
    """It has posted with its secret, so that it may be moved."""
    SystemSecret.objects.get_or_create(
        system=system, stage="current", defaults={"digest": bytes(32), "ciphertext": b"", "created_at": NOW}
    )


def digest_of(system: System) -> str:
    """What the page and the API show of the difference before the yes."""
    somebody = User.objects.filter(username="administrator").first()
    sheet = read_csv(f"id,notes\n{system.pk},new\n")
    return plan_edit(sheet, reach=System.objects.all(), user=somebody).digest if somebody else ""


def _asked(system: System) -> None:
    """It was asked for a setting and has it, after another value."""
    planning.create_change_set([system], {"Standby/Control": "Off"}, user=None, now=NOW, description="Quiet")
    Change.objects.update(state="confirmed")
    ChangeItem.objects.update(state="confirmed", delivered_at=NOW, previous="On")


def _backup(system: System) -> Backup:
    return Backup.objects.get_or_create(system=system, defaults={"reason": "by_hand", "made_at": NOW})[0]


def _book(system: System) -> PhoneBook:
    return PhoneBook.objects.filter(folder=system.folder).first() or editing.create_book(
        "People", system.folder
    )


def _source(system: System) -> Source:
    found = Source.objects.filter(kind=OUR_SYSTEMS.name).first()
    return found or keeping.add_source(OUR_SYSTEMS, _book(system), {"folder": system.folder_id}, now=NOW)


def _form(**values: Any) -> Mapping[str, Any]:
    return {"trust": "trusted", "canary": "2", "wave_size": "10", "is_secure": "1", **values}


FLOWS: dict[tuple[str, str], Flow] = {
    ("change sets", "create"): Flow(
        lambda client, system: client.post(
            f"/systems/{system.pk}/settings/set/",
            {"path": "Standby/Control", "value": "Off", "step": "confirm"},
        ),
        lambda call, system: call(
            "POST", "change-sets", {"systems": [system.pk], "settings": {"Standby/Control": "Off"}}
        ),
        ChangeSet.objects.all,
        command=lambda run, system: run("changes", "create", system.pk, "Standby/Control=Off"),
    ),
    ("change sets", "undo"): Flow(
        lambda client, system: client.post(
            f"/change-sets/{ChangeSet.objects.filter(undoes=None).latest('pk').pk}/undo/"
        ),
        lambda call, system: call(
            "POST", f"change-sets/{ChangeSet.objects.filter(undoes=None).latest('pk').pk}/undo"
        ),
        lambda: ChangeSet.objects.exclude(undoes=None),
        _asked,
        command=lambda run, system: run(
            "changes", "undo", ChangeSet.objects.filter(undoes=None).latest("pk").pk
        ),
    ),
    ("systems", "run command on"): Flow(
        lambda client, system: client.post(
            f"/systems/{system.pk}/command/", {"command": "Standby Activate", "step": "confirm"}
        ),
        lambda call, system: call("POST", f"systems/{system.pk}/commands", {"command": "Standby/Activate"}),
        Action.objects.all,
        command=lambda run, system: run("run", system.pk, "xcommand", "Standby", "Activate"),
    ),
    ("secure-only moves", "start"): Flow(
        lambda client, system: client.post("/secure-only/", _form(folder=system.folder_id, step="confirm")),
        lambda call, system: call(
            "POST", "secure-only-moves", {"systems": [system.pk], "canary": 2, "wave_size": 10}
        ),
        Move.objects.all,
        _proven,
        command=lambda run, system: run("secure-only", "move", system.pk, "--canary", 2, "--wave-size", 10),
    ),
    ("adding systems", "add"): Flow(
        lambda client, system: client.post(
            "/add-systems/?tab=range",
            {"targets": "192.0.2.7", "folder": system.folder_id, "tags": "court", "step": "start"},
        ),
        lambda call, system: call(
            "POST", "systems/scan", {"addresses": "192.0.2.7", "folder": system.folder_id, "tags": ["court"]}
        ),
        Job.objects.all,
        command=lambda run, system: run(
            "systems", "scan", "192.0.2.7", "--folder", system.folder_id, "--tag", "court", "--wait", 0
        ),
    ),
    ("registering systems", "pre-register"): Flow(
        lambda client, system: client.post(
            "/add-systems/?tab=one",
            {"serial_number": "FTT7", "name": "Den", "folder": system.folder_id, "activation_code": "1"},
        ),
        lambda call, system: call(
            "POST",
            "systems",
            {"serial_number": "FTT7", "name": "Den", "folder": system.folder_id, "activation_code": True},
        ),
        lambda: System.objects.filter(serial_number="FTT7"),
        command=lambda run, system: run(
            "systems",
            "add",
            "--serial",
            "FTT7",
            "--name",
            "Den",
            "--folder",
            system.folder_id,
            "--activation-code",
        ),
    ),
    ("editing systems", "edit"): Flow(
        lambda client, system: client.post(
            "/systems/edit/",
            {"pasted": f"id,notes\n{system.pk},new\n", "step": "apply", "digest": digest_of(system)},
        ),
        lambda call, system: call(
            "POST", "systems/edit", {"rows": [{"id": system.pk, "notes": "new"}], "digest": digest_of(system)}
        ),
        lambda: System.objects.filter(notes="new"),
        forget=lambda rows: rows.update(notes=""),
        command=lambda run, system: run("systems", "edit", "-", given=f"id,notes\n{system.pk},new\n"),
    ),
    ("backups", "schedule"): Flow(
        lambda client, system: client.post(
            "/backups/do/schedule/", {"is_on": "1", "every_days": 3, "kept": 5}
        ),
        lambda call, system: call("PATCH", "backups/schedule", {"is_on": True, "every_days": 3, "kept": 5}),
        BackupSchedule.objects.all,
    ),
    ("restorations", "restore"): Flow(
        lambda client, system: client.post(
            f"/backups/{_backup(system).pk}/restore/", {"part": "settings", "step": "confirm"}
        ),
        lambda call, system: call("POST", f"backups/{_backup(system).pk}/restore", {"parts": ["settings"]}),
        Restoration.objects.all,
        lambda system: _backup(system),
        command=lambda run, system: run("backups", "restore", _backup(system).pk, "--part", "settings"),
    ),
    ("replacements", "replace"): Flow(
        lambda client, system: client.post(
            f"/systems/{system.pk}/replace/",
            {"serial_number": "NEW0001", "restore": "0", "word": "Boardroom"},
        ),
        lambda call, system: call(
            "POST", f"systems/{system.pk}/replace", {"serial_number": "NEW0001", "restore": False}
        ),
        Replacement.objects.all,
        lambda system: System.objects.filter(pk=system.pk).update(serial_number="OLD0001"),
        command=lambda run, system: run(
            "systems", "replace", system.pk, "--serial", "NEW0001", "--no-restore"
        ),
    ),
    ("own account", "set time zone of"): Flow(
        lambda client, system: client.post("/account/time-zone/", {"time_zone": "Asia/Tokyo"}),
        lambda call, system: call("PATCH", "me", {"time_zone": "Asia/Tokyo"}),
        lambda: User.objects.filter(time_zone="Asia/Tokyo"),
        forget=lambda rows: rows.update(time_zone="UTC"),
    ),
    ("phone books", "import"): Flow(
        lambda client, system: client.post(
            f"/phone-books/{_book(system).pk}/file/",
            {"file": SimpleUploadedFile("people.csv", PEOPLE.encode()), "step": "import"},
        ),
        lambda call, system: call("POST", f"phone-books/{_book(system).pk}/import", {"content": PEOPLE}),
        Entry.objects.all,
        command=lambda run, system: run("phone-books", "import", _book(system).pk, "-", given=PEOPLE),
    ),
    ("phone book sources", "map"): Flow(
        lambda client, system: client.post(
            f"/phone-book-sources/{_source(system).pk}/fields/",
            {"part": "name", "field": "name", "every": 5, "is_on": "1", "step": "save"},
        ),
        lambda call, system: call(
            "PUT",
            f"phone-book-sources/{_source(system).pk}/mapping",
            {"mapping": [{"part": "name", "field": "name"}]},
        ),
        lambda: Source.objects.exclude(mapping=[]),
        forget=lambda rows: rows.update(mapping=[]),
    ),
    ("phone book sources", "preview"): Flow(
        lambda client, system: client.post(
            f"/phone-book-sources/{_source(system).pk}/fields/", {"step": "preview"}
        ),
        lambda call, system: call("POST", f"phone-book-sources/{_source(system).pk}/preview", {}),
        # Nothing is changed by it but what is noted.
        lambda: AuditEntry.objects.filter(
            act=get_subject("phone book sources").act("preview").audit_word("phone book source")
        ),
        command=lambda run, system: run("phone-book-sources", "preview", _source(system).pk),
    ),
    # A program signs in by its token: it has no password to change.
    ("own account", "change password of"): Flow(
        lambda client, system: client.post(
            "/account/password/",
            {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW},
        ),
        None,
        lambda: User.objects.filter(pk__in=[one.pk for one in User.objects.all() if one.check_password(NEW)]),
        forget=lambda rows: None,
    ),
}
EVERY = [pytest.param(*key, flow, id=f"{key[1]} {key[0]}") for key, flow in FLOWS.items()]
# What everybody may do with an own account is refused to nobody.
PERMITTED = [one for one in EVERY if one.values[0] != "own account"]


def roads_of(flow: Flow) -> tuple[str, ...]:
    """The roads by which it can be asked."""
    named = {"page": flow.page, "api": flow.api, "command": flow.command}
    return tuple(road for road, asked in named.items() if asked is not None)


def ask(road: str, flow: Flow, client: Client, call: Caller, system: System) -> int:
    """Do it by a road; the status of the answer."""
    if road == "command" and flow.command is not None:
        return flow.command(Commands(call), system)
    if road == "page" or flow.api is None:
        return int(flow.page(client, system).status_code)
    return int(flow.api(call, system).status_code)


def test_every_act_that_is_written_by_hand_is_tested_here() -> None:
    by_hand = {
        (subject.plural, act.name)
        for subject in all_subjects()
        for act in subject.acts
        if not act.is_mounted
        or (not act.page.is_asked and act.on == "one")
        or (not act.rest.is_derived and act.on == "all")
    }
    assert by_hand == set(FLOWS)


@pytest.mark.parametrize(("plural", "act", "flow"), EVERY)
def test_same_audit_row_by_every_road(plural, act, flow, administrator, signed_in, as_user, boardroom):
    noun = get_subject(plural).noun
    word = get_subject(plural).act(act).audit_word(noun)
    told = []
    for road in roads_of(flow):
        flow.ready(boardroom)
        status = ask(road, flow, signed_in(administrator), as_user(administrator), boardroom)
        assert status in (200, 201, 202, 302), road
        noted = AuditEntry.objects.filter(act=word).latest("pk")
        assert (noted.road, noted.source_address, noted.user) == (NOTED[road], "127.0.0.1", administrator)
        begun = get_subject(plural).begun_by(get_subject(plural).act(act))
        # What was begun or made is another one each time.
        made = {
            begun.noun if begun is not None else "",
            "undone_by",
            get_subject(plural).noun.replace(" ", "_"),
            "label",
        }
        details = {name: value for name, value in noted.details.items() if name not in made}
        told.append((noted.object_kind, noted.object_label, details))
        assert flow.made().exists()
        flow.forget(flow.made())
    assert all(one == told[0] for one in told)


@pytest.mark.parametrize(("plural", "act", "flow"), PERMITTED)
def test_whoever_may_not_is_refused_by_every_road_and_nothing_is_noted(
    plural, act, flow, viewer, signed_in, as_user, boardroom
):
    flow.ready(boardroom)
    before = AuditEntry.objects.count()
    for road in roads_of(flow):
        assert ask(road, flow, signed_in(viewer), as_user(viewer), boardroom) == 403
        assert not flow.made().exists()
    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize(("plural", "act", "flow"), EVERY)
def test_act_and_audit_row_are_one_transaction_by_every_road(
    plural, act, flow, administrator, signed_in, as_user, boardroom, request
):
    flow.ready(boardroom)
    client, call = signed_in(administrator), as_user(administrator)
    client.raise_request_exception = False

    def stop(**_: Any) -> None:
        raise RuntimeError("the trail cannot be written")

    # What was done before has to be undone with it.
    pre_save.connect(stop, sender=AuditEntry)
    request.addfinalizer(lambda: pre_save.disconnect(stop, sender=AuditEntry))
    for road in roads_of(flow):
        assert ask(road, flow, client, call, boardroom) == 500
        assert not flow.made().exists()
