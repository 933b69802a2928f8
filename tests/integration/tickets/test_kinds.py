"""Ticket kinds are declared once; one that is not is refused, and what is declared is used and documented."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from scripts import generate_tickets

from roomkeeper.jobs import checks
from roomkeeper.serving import health
from roomkeeper.systems import findings
from roomkeeper.systems.ticket_kinds import UnknownKind, all_kinds, read_kind, read_kinds
from roomkeeper.tickets.models import Ticket

KINDS = Path(findings.__file__).with_name("ticket_kinds.toml")
SOURCE = Path(findings.__file__).resolve().parents[1]


def test_a_ticket_opens_with_the_level_of_its_kind(boardroom):
    findings.report(findings.Finding("connectivity undecided", boardroom.pk, "It called by another name."))
    assert Ticket.objects.get().level == "info"


@pytest.mark.django_db
def test_an_undeclared_kind_is_refused_and_opens_nothing():
    with pytest.raises(UnknownKind, match="No ticket kind"):
        findings.report(findings.Finding("something else", None, "It happened."))
    with pytest.raises(UnknownKind):
        findings.clear("something else", None, "It is over.")
    assert not Ticket.objects.exists()


def test_every_declared_kind_is_used_by_the_code():
    text = "".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py"))
    assert [name for name in all_kinds() if f'"{name}"' not in text] == []


def test_every_check_that_opens_a_ticket_has_a_kind_of_its_level():
    health.register_checks(settings.OPTIONS)
    checked = {check.name: check.ticket for check in checks.with_tickets()}
    assert checked
    declared = {name: kind.level for name, kind in all_kinds().items() if name in checked}
    assert declared == checked


@pytest.mark.parametrize(
    "row",
    [
        {"level": "info", "about": "system", "what": "a", "todo": "b"},
        {"level": "grave", "about": "system", "what": "a", "todo": "b", "closes": "c"},
        {"level": "info", "about": "room", "what": "a", "todo": "b", "closes": "c"},
        {"level": "info", "about": "system", "what": "a", "todo": "b", "closes": "c", "more": "d"},
    ],
)
def test_a_kind_that_is_not_whole_is_refused(row):
    with pytest.raises(ValueError, match="ticket kind 'x'"):
        read_kind("x", row)


def test_a_kind_is_added_by_one_table():
    added = """["lamp out"]
level = "critical"
about = "system"
what = "a lamp went out"
todo = "change it"
closes = "never"
"""
    kinds = read_kinds(KINDS.read_text("utf-8") + added)
    assert set(kinds) == {*all_kinds(), "lamp out"}
    assert kinds["lamp out"].level == "critical"
    told = generate_tickets.row(kinds["lamp out"])
    assert told == "| `lamp out` | critical | system | a lamp went out | change it | never |\n"


def test_the_page_is_what_is_declared():
    assert generate_tickets.page() == generate_tickets.PAGE.read_text("utf-8")
    told = set(re.findall(r"^\| `([^`]+)`", generate_tickets.PAGE.read_text("utf-8"), re.MULTILINE))
    assert told == set(all_kinds())
