"""What stands in addresses and in the audit trail is told on pages in words: moments, columns, labels."""

import pytest
from django.test import Client
from tests.integration.web.conftest import text_of

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.operations.noting import label_of, noted
from roomkeeper.operations.subjects import get_subject
from roomkeeper.systems.models import Folder, System

pytestmark = pytest.mark.django_db


def test_a_filter_by_time_shows_its_column_and_the_moment_in_the_readers_zone(
    client: Client, administrator: User
) -> None:
    User.objects.filter(pk=administrator.pk).update(time_zone="Europe/Oslo")
    page = text_of(client.get("/change-sets/?created_after=2026-01-02T08:00:00Z"))
    heading = get_subject("change sets").by_name["created_at"].heading
    assert f"{heading} after: Fri 02 Jan 2026 09:00:00 CET" in page
    assert "created after" not in page


def test_the_trail_names_what_it_notes_by_the_labels_of_the_act(client: Client) -> None:
    systems = get_subject("systems")
    act = systems.act("address")
    label = next(one.label for one in act.takes if one.name == "http_port")
    word = act.audit_word(systems.noun)
    AuditEntry.objects.create(act=word, road="api", details={"http_port": 80, "is_odd": True})
    page = text_of(client.get("/audit/"))
    assert f'<span class="text-secondary">{label}</span> 80' in page
    assert '<span class="text-secondary">Odd</span> yes' in page
    assert "http_port" not in page


def test_what_is_noted_within_is_told_likewise() -> None:
    assert label_of("nobody_said", "anything") == "Nobody said"
    assert noted({"some_path": ["a", None], "is_odd": False}) == "Some path a, – Odd no"
    assert noted([]) == noted({}) == noted("") == "–"


def test_a_view_is_saved_where_its_list_stands_not_where_all_are(client: Client) -> None:
    assert client.get("/saved-views/").context["makers"] == []
    assert client.get("/tickets/").context["save_view"].startswith("/saved-views/do/create/?of_list=tickets&")


def test_a_filter_by_an_object_names_it(client: Client, boardroom: System, oslo: Folder) -> None:
    def chips(address: str) -> list[str]:
        return [chip["words"] for chip in client.get(address).context["chips"]]

    assert chips(f"/actions/?system={boardroom.pk}") == ["System: Boardroom"]
    assert chips(f"/systems/?folder={oslo.pk}") == [f"Folder: {oslo}"]
    assert chips("/actions/?system=987654") == ["System: 987654"]
