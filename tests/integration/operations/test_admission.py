"""Admission: the inbox, a system's page and the API do the same act by the same door."""

import pytest
from django.utils import timezone

from roomkeeper.accounts.models import AuditEntry
from roomkeeper.systems.models import Contact, System

ROADS = ("inbox", "page", "api")


@pytest.fixture
def waiting(root_folder):
    """A system in the inbox that one address posts as."""
    now = timezone.now()
    system = System.objects.create(folder=root_folder, state="pending", serial_number="FOC1")
    Contact.objects.create(system=system, first_seen_at=now, last_seen_at=now, source_address="198.51.100.7")
    return system


def ask(road, act, system, browser, call):
    """Ask for it by a road; the status of the answer."""
    if road == "inbox":
        return browser.post(f"/inbox/do/{act}/", {"step": "confirm", "row": system.pk}).status_code
    if road == "page":
        return browser.post(f"/systems/{system.pk}/act/{act}/").status_code
    return call("POST", f"systems/{system.pk}/{act}").status_code


@pytest.mark.parametrize("act", ["approve", "ignore", "block", "readmit"])
def test_same_audit_row_by_inbox_page_and_api(act, waiting, administrator, signed_in, as_user):
    told = []
    for road in ROADS:
        System.objects.filter(pk=waiting.pk).update(state="pending")
        assert ask(road, act, waiting, signed_in(administrator), as_user(administrator)) in (200, 302)
        entry = AuditEntry.objects.latest("pk")
        assert entry.road == ("api" if road == "api" else "page")
        assert entry.source_address == "127.0.0.1"
        told.append((entry.act, entry.object_kind, entry.object_id, entry.object_label))
    assert told == [(f"{act} system", "system", waiting.pk, str(waiting))] * 3


def test_whoever_may_not_admit_is_refused_by_every_road(waiting, operator, signed_in, as_user):
    for road in ROADS:
        assert ask(road, "approve", waiting, signed_in(operator), as_user(operator)) == 403
    waiting.refresh_from_db()
    assert waiting.state == "pending"
    assert not AuditEntry.objects.filter(act="approve system").exists()
