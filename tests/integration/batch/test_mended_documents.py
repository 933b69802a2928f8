"""What was mended or left out of what a system posts is told on its timeline, once for the same."""

import pytest

from roomkeeper.protocols.feedback import decode_feedback
from roomkeeper.systems.documents import status_values
from roomkeeper.systems.models import System, TimelineEntry


@pytest.fixture
def proven(device, prove):
    prove(device)
    return device


def told() -> list[str]:
    entries = TimelineEntry.objects.filter(summary__contains="as it was sent").order_by("id")
    return [entry.summary for entry in entries]


def test_a_mended_status_is_kept_and_told_once(manager, proven):
    for _ in range(3):
        manager.wait(seconds=30)
        manager.post(proven.status({"SystemUnit/ProductId": "R&D <1>", "2nd": "x", "Audio/Volume": "50"}))
    values = status_values(System.objects.get().pk)
    assert values["SystemUnit/ProductId"] == "R&D <1>"
    assert values["Audio/Volume"] == "50"
    assert len(told()) == 1
    assert "2nd" in told()[0]
    manager.post(proven.status({"Audio/Volume": "50"}))
    assert len(told()) == 1


def test_a_mended_configuration_is_told_with_its_version(manager, proven):
    for _ in range(2):
        manager.post(proven.configuration({"SystemUnit/Name": "R&D", "Audio/DefaultVolume": "50"}))
    assert len(told()) == 1
    assert "raw &" in told()[0]


def test_mended_feedback_and_a_mended_post_are_told(manager, proven):
    body = "<Event><!--id--><CallDisconnect item='1'><DisplayName>R&D</DisplayName></CallDisconnect></Event>"
    manager.post(proven.feedback(body))
    proven.name = "R&D"
    manager.beat(proven)
    assert len(told()) == 2
    assert System.objects.get().reported_name == "R&D"


def test_a_system_that_posts_windows_1252_keeps_its_name(manager, proven):
    post = proven.status({"SystemUnit/Name": "Zürich"})
    post.raw = post.raw.decode().encode("cp1252")
    post.message = decode_feedback(post.raw, "text/xml; charset=utf-8")
    manager.post(post)
    assert status_values(System.objects.get().pk)["SystemUnit/Name"] == "Zürich"
    assert "Windows-1252" in told()[0]
