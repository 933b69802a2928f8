"""Diagnosing by the API, the command line and the pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

import pytest
import typer
from django.test import Client
from django.utils import timezone
from tests.declared import act_of
from tests.integration.api.conftest import Caller
from tests.integration.diagnosis import arranging
from tests.integration.diagnosis.conftest import MakeRoom, in_thread
from typer.testing import CliRunner

from roomkeeper.accounts import tokens
from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.cli import remote
from roomkeeper.diagnosis.models import Diagnosis
from roomkeeper.jobs.models import Job
from roomkeeper.jobs.running import perform
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.models import System


async def call(person: User, method: str, path: str, body: Any = None) -> Any:
    return await in_thread(lambda: Caller(person)(method, path, body))


async def work_on_all() -> None:
    async with device_access.open_transport():
        for pk in await in_thread(
            lambda: list(Job.objects.exclude(state__in=Job.ENDED).values_list("pk", flat=True))
        ):
            await perform(pk, "test")


# The API


async def test_diagnose_by_the_api(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    path = f"systems/{room.pk}/diagnosis"
    assert (await call(person, "GET", path)).status_code == 404
    answer = await call(person, "POST", f"systems/{room.pk}/diagnose")
    assert answer.status_code == 202
    job = answer.json()
    assert (job["kind"], job["state"]) == ("diagnose", "queued")
    assert answer["Location"] == f"/api/v1/jobs/{job['id']}"
    assert (await call(person, "GET", path)).json()["state"] == "waiting"
    await work_on_all()
    told = (await call(person, "GET", path)).json()
    assert (told["state"], told["level"], told["job"]) == ("done", "ok", job["id"])
    https = told["rows"][0]
    assert (https["service"], https["direction"], https["is_struck"], https["level"]) == (
        "HTTPS",
        "inbound",
        False,
        "ok",
    )
    tls = next(check for check in https["checks"] if check["key"] == "tls-agreed")
    assert tls["milliseconds"] >= 0
    assert tls["sentence"].startswith("Boardroom speaks TLS 1.")
    assert "snmp-on" in told["fixes"]


async def test_waiting_for_the_end(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    path = f"systems/{room.pk}/diagnose"
    # Nobody works on it, so the job is still answered.
    assert (await call(person, "POST", f"{path}?wait=0.3")).status_code == 202
    answer = await while_working(call(person, "POST", f"{path}?wait=30"))
    assert (answer.status_code, answer.json()["state"]) == (200, "done")
    assert answer["Location"] == f"/api/v1/systems/{room.pk}/diagnosis"
    assert (await call(person, "POST", f"{path}?wait=61")).status_code == 422


async def while_working(asking: Awaitable[Any]) -> Any:
    """What is asked for, while a worker takes up what comes."""
    asked = asyncio.ensure_future(asking)
    while not asked.done():
        await work_on_all()
        await asyncio.sleep(0.05)
    return asked.result()


async def test_fixes_by_the_api(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    await arranging.empty_slot(room, person)
    path = f"systems/{room.pk}/diagnosis/fix"
    assert (await call(person, "POST", path, {"fix": "enforce"})).status_code == 409
    await call(person, "POST", f"systems/{room.pk}/diagnose")
    await work_on_all()
    await room.change(management_is_due=False)
    done = await call(person, "POST", path, {"fix": "enforce"})
    assert (done.status_code, done.json()["fix"], done.json()["job"]) == (200, "enforce", None)
    assert (await room.system()).management_is_due
    assert (await call(person, "POST", path, {"fix": "no-such"})).status_code == 404
    assert await in_thread(AuditEntry.objects.filter(act="fix: enforce", road="api").exists)


def test_who_may_diagnose_and_fix(
    operator: User, viewer: User, stranger: User, boardroom: System, administrator: User
) -> None:
    rows = [{"checks": [{"fix": "enforce"}, {"fix": "accept-key"}]}]
    Diagnosis.objects.create(system=boardroom, job_id=0, state="cancelled", rows=[])
    path = f"systems/{boardroom.pk}/diagnose"
    assert Caller(viewer)("POST", path).status_code == 403
    assert Caller(stranger)("POST", path).status_code == 403
    assert Caller(viewer).get(f"systems/{boardroom.pk}/diagnosis")["state"] == "cancelled"
    assert Caller(operator)("POST", path).status_code == 202
    Diagnosis.objects.create(system=boardroom, job_id=0, state="done", rows=rows)
    fix = f"systems/{boardroom.pk}/diagnosis/fix"
    assert Caller(viewer)("POST", fix, {"fix": "enforce"}).status_code == 403
    assert Caller(operator)("POST", fix, {"fix": "accept-key"}).status_code == 403
    assert Caller(operator)("POST", fix, {"fix": "enforce"}).status_code == 200
    assert Caller(administrator)("POST", fix, {"fix": "accept-key"}).status_code == 200


# The command line


@pytest.fixture
def shell(live_server: Any, person: User) -> Any:
    program = typer.Typer()
    remote.mount(program)
    _, text = tokens.create_token(person, now=timezone.now())
    environment = {"ROOMKEEPER_URL": live_server.url, "ROOMKEEPER_TOKEN": text}
    return lambda *words: CliRunner().invoke(program, list(words), env=environment)


async def test_diagnose_from_a_shell(make_room: MakeRoom, person: User, shell: Any) -> None:
    room = await make_room()
    done = await while_working(in_thread(shell, "systems", "diagnose", "Boardroom"))
    assert done.exit_code == 0, done.output
    assert "Roomkeeper ──▶ Boardroom  HTTPS" in done.output
    assert "Roomkeeper ◀── Boardroom  HTTP " in done.output
    assert "✓ TLS: Boardroom speaks TLS" in done.output
    assert "– SNMP: SNMP is off at Boardroom" in done.output
    assert " ms)" in done.output
    assert "Everything that Boardroom needs is working." in done.output
    await arranging.empty_slot(room, person)
    found = await while_working(in_thread(shell, "systems", "diagnose", str(room.pk), "--json"))
    assert found.exit_code == 1
    assert json.loads(found.stdout)["level"] == "fault"
    told = await while_working(in_thread(shell, "systems", "diagnose", "Boardroom"))
    assert "✗ Feedback: Feedback slot 3 of Boardroom is empty" in told.output
    assert "fix: enforce" in told.output
    fixed = await while_working(in_thread(shell, "systems", "fix", "Boardroom", "enforce"))
    assert fixed.exit_code == 0, fixed.output


# The pages


async def page(client: Client, path: str, **data: Any) -> str:
    answer = await in_thread(client.post if data else client.get, path, data, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


async def test_diagnosis_tab(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    client = Client()
    await in_thread(client.force_login, person)
    tab = f"/systems/{room.pk}/diagnosis/"
    assert "Why can it be managed, or why not?" in await page(client, tab)
    await arranging.empty_slot(room, person)
    text = await page(client, f"/systems/{room.pk}/act/diagnose/", press="")
    assert "in progress" in text
    await work_on_all()
    text = await page(client, tab)
    assert "1 fault: Feedback slot 3 of Boardroom is empty" in text
    assert "Boardroom speaks TLS 1." in text
    assert "Register it again" in text
    fix = f"/systems/{room.pk}/act/fix-enforce/"
    assert f'hx-get="{fix}"' in text
    question = await page(client, fix)
    assert "Enforce settings: Boardroom?" in question
    assert act_of("systems", "enforce").undo in question
    await room.change(management_is_due=False)
    text = await page(client, fix, press="")
    assert "Diagnose it again" in text
    assert (await room.system()).management_is_due
    await page(client, f"/systems/{room.pk}/act/diagnose/", press="")
    await work_on_all()
    assert "Earlier diagnoses" in await page(client, tab)


def test_buttons_are_for_whom_may_press_them(boardroom: System, viewer: User, operator: User) -> None:
    check = {
        "key": "certificate-changed",
        "check": "Certificate",
        "level": "fault",
        "sentence": "<b>Boardroom</b> shows another key.",
        "next_step": "Accept it.",
        "fix": "accept-key",
        "milliseconds": 3,
        "evidence": "CN=<script>",
    }
    rows = [
        {
            "service": "HTTPS",
            "protocol": "TCP",
            "port": 443,
            "direction": "inbound",
            "purpose": "status",
            "is_optional": False,
            "is_struck": False,
            "level": "fault",
            "checks": [check],
        }
    ]
    Diagnosis.objects.create(system=boardroom, job_id=0, state="done", level="fault", rows=rows)
    for user in (viewer, operator):
        client = Client()
        client.force_login(user)
        text = client.get(f"/systems/{boardroom.pk}/diagnosis/").content.decode()
        assert "Accept the new key" not in text
        assert "<script>" not in text.split("<main")[-1].replace('<script src="', "")
        assert "&lt;b&gt;Boardroom&lt;/b&gt;" in text
        assert client.get(f"/systems/{boardroom.pk}/act/fix-accept-key/").status_code == 403
    client = Client()
    client.force_login(viewer)
    assert client.post(f"/systems/{boardroom.pk}/act/diagnose/").status_code == 403
    assert client.get(f"/systems/{boardroom.pk}/act/fix-credentials/").status_code == 404
