"""Diagnosing as a job: started, worked on, gone on with, cancelled; what is kept, and the fixes that it offers."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from tests.integration.diagnosis import arranging
from tests.integration.diagnosis.conftest import MakeRoom, Room, in_thread

from roomkeeper.accounts.models import User
from roomkeeper.diagnosis import examining, service
from roomkeeper.diagnosis.findings import TABLE
from roomkeeper.diagnosis.fixes import FIXES, FixRefused
from roomkeeper.diagnosis.models import Diagnosis
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.jobs.running import perform
from roomkeeper.provisioning.models import ChangeItem
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.models import ChangeEvent, Connectivity, Probe, System, TlsTrust


def whole(pk: int) -> System:
    return System.objects.select_related("folder").get(pk=pk)


async def start(room: Room, person: User, **how: Any) -> Job:
    system = await in_thread(whole, room.pk)
    return await in_thread(service.start, [system], user=person, now=timezone.now(), **how)


async def work_on(job: Job) -> str:
    async with device_access.open_transport():
        return await perform(job.pk, "test")


async def test_diagnosis_is_written_down_as_it_grows_and_ends(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    job = await start(room, person)
    waiting = await in_thread(service.latest, await room.system())
    assert (waiting.state, waiting.rows) == ("waiting", [])
    before = await in_thread(ChangeEvent.objects.count)
    assert await work_on(job) == "done"
    found = await in_thread(service.latest, await room.system())
    assert (found.state, found.level, found.job_id) == ("done", "ok", job.pk)
    assert found.summary == "Everything that Boardroom needs is working."
    assert [row["service"] for row in found.rows] == ["HTTPS", "HTTP", "SNMP", "HTTPS", "HTTP", ""]
    assert await in_thread(ChangeEvent.objects.count) > before
    item = await in_thread(JobItem.objects.get, job=job)
    assert (item.state, item.system_id) == ("done", room.pk)
    assert item.details == {"diagnosis": found.pk, "level": "ok"}


async def test_fault_makes_the_item_a_warning_with_its_advice(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    await arranging.store_wrong_password(room, person)
    await work_on(await start(room, person))
    item = await in_thread(JobItem.objects.get)
    assert item.state == "warning"
    assert item.summary.startswith("1 fault: Boardroom refused the login of admin")
    assert item.advice == TABLE["login-refused"].next_step


async def test_asking_twice_is_one_job(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    first, second = await start(room, person), await start(room, person)
    assert first.pk == second.pk
    await work_on(first)
    assert (await start(room, person)).pk != first.pk


async def test_job_that_is_begun_again_goes_on_with_the_same_diagnosis(
    make_room: MakeRoom, person: User
) -> None:
    room = await make_room()
    job = await start(room, person)
    # As a worker that died in the middle has left it.
    await in_thread(JobItem.objects.filter(job=job).update, state="running")
    await in_thread(Diagnosis.objects.filter(job_id=job.pk).update, state="running", rows=[{"half": True}])
    assert await work_on(job) == "done"
    assert await in_thread(Diagnosis.objects.count) == 1
    assert (await in_thread(Diagnosis.objects.get)).rows[0]["service"] == "HTTPS"


async def test_cancelled_job_leaves_no_diagnosis_waiting(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    job = await start(room, person)
    await in_thread(Job.objects.filter(pk=job.pk).update, cancel_requested_at=timezone.now())
    assert await work_on(job) == "cancelled"
    assert (await in_thread(Diagnosis.objects.get)).state == "cancelled"
    assert (await start(room, person)).pk != job.pk


async def test_last_ten_are_kept(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    for _ in range(examining.KEPT):
        await in_thread(Diagnosis.objects.create, system_id=room.pk, job_id=0, state="done")
    await work_on(await start(room, person))
    kept = await in_thread(service.history, await room.system())
    assert len(kept) == examining.KEPT
    assert kept[0].level == "ok"


async def test_nothing_to_diagnose(person: User) -> None:
    with pytest.raises(service.NothingToDiagnose):
        await in_thread(service.start, [], user=person, now=timezone.now())


async def test_many_systems_in_one_job(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    other = await in_thread(_add_another, room.pk)
    systems = [await in_thread(whole, pk) for pk in (room.pk, other)]
    job = await in_thread(service.start, systems, user=person, now=timezone.now())
    assert job.title == "Diagnose 2 systems"
    assert await work_on(job) == "done"
    assert (await in_thread(Job.objects.get, pk=job.pk)).summary.startswith("2 systems diagnosed: ")
    counts = await in_thread(work.counts, [job.pk])
    assert counts[job.pk]["done"] + counts[job.pk]["warning"] == 2


def _add_another(pk: int) -> int:
    first = System.objects.get(pk=pk)
    return System.objects.create(
        name="Home Office",
        folder=first.folder,
        state="managed",
        family="roomos",
        serial_number="FTT00000002",
        connectivity=Connectivity.BEHIND_FIREWALL,
    ).pk


# Fixes


async def fix(room: Room, key: str, person: User) -> Any:
    system = await in_thread(whole, room.pk)
    return await in_thread(service.fix, system, key, user=person, now=timezone.now())


async def test_only_what_the_newest_diagnosis_offers_is_done(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    with pytest.raises(FixRefused, match="does not offer"):
        await fix(room, "legacy-tls", person)
    await work_on(await start(room, person))
    with pytest.raises(FixRefused, match="does not offer"):
        await fix(room, "legacy-tls", person)
    assert not (await room.system()).tls_is_legacy


async def test_old_tls_is_spoken_once_a_person_has_chosen_it(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    room.endpoint.set_fault("tls_1_0_only", True)
    await work_on(await start(room, person))
    job = await fix(room, "legacy-tls", person)
    assert (await room.system()).tls_is_legacy
    await work_on(job)
    keys = _keys(await in_thread(service.latest, await room.system()))
    assert "tls-old" in keys
    assert "status-read" in keys


async def test_new_key_is_pinned_once_it_was_accepted(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    old = (await room.system()).pinned_key
    room.endpoint.set_fault("key_changed", True)
    await work_on(await start(room, person))
    await work_on(await fix(room, "accept-key", person))
    assert (await room.system()).pinned_key not in ("", old)


async def test_login_is_tried_once_more_by_the_fix(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    room.endpoint.set_fault("locked_out", True)
    await work_on(await start(room, person))
    assert (await room.system()).login_refused_at is not None
    room.endpoint.set_fault("locked_out", False)
    await work_on(await fix(room, "try-login", person))
    assert (await room.system()).login_refused_at is None
    assert "login-accepted" in _keys(await in_thread(service.latest, await room.system()))


async def test_trust_and_snmp_and_enforcing_and_probing(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    await arranging.trust_authority(room, person)
    await arranging.empty_slot(room, person)
    room.endpoint.set_fault("source_address", "127.1.99.9")
    await room.post()
    await work_on(await start(room, person))
    await fix(room, "probe", person)
    assert await in_thread(Probe.objects.filter(system_id=room.pk, source_address="127.1.99.9").exists)
    await work_on(await fix(room, "trust-pin", person))
    assert (await room.system()).tls_trust == TlsTrust.PIN
    await fix(room, "snmp-on", person)
    item = await in_thread(ChangeItem.objects.get)
    assert (item.path, item.value) == ("NetworkServices/SNMP/Mode", "ReadOnly")
    await room.change(management_is_due=False)
    await fix(room, "enforce", person)
    assert (await room.system()).management_is_due


async def test_what_needs_more_than_a_yes_is_refused_with_words(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    await arranging.store_no_login(room, person)
    await work_on(await start(room, person))
    with pytest.raises(FixRefused, match="needs more than a confirmation"):
        await fix(room, "credentials", person)


def _keys(diagnosis: Diagnosis) -> set[str]:
    return {check["key"] for row in diagnosis.rows for check in row["checks"]}


def test_every_fix_is_an_act_or_does_something() -> None:
    assert all((found.run is None) != (found.act == "") for found in FIXES.values())
