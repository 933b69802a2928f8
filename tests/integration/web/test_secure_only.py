"""The Secure-Only page: preview, beginning, steering a move, and who may."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import User
from roomkeeper.secure_only.models import Member, Move
from roomkeeper.systems.models import Folder, System, SystemSecret

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def proven(boardroom: System, home_office: System) -> System:
    """Boardroom has proven its secret; Home Office has not."""
    SystemSecret.objects.create(
        system=boardroom, stage="current", digest=bytes(32), ciphertext=b"", created_at=NOW
    )
    return boardroom


def form(folder: Folder, **values: str) -> dict[str, str]:
    return {"folder": str(folder.pk), "trust": "trusted", "canary": "1", "wave_size": "50", **values}


def test_preview_tells_who_moves_and_who_cannot(client: Client, proven: System, root_folder: Folder) -> None:
    assert "Nobody is lost" in text_of(client.get("/secure-only/"))
    page = text_of(client.post("/secure-only/", form(root_folder, step="check")))
    assert "will be moved" in page
    assert "proven its secret" in page
    assert not Move.objects.exists()


def test_beginning_and_steering_a_move(client: Client, proven: System, root_folder: Folder) -> None:
    answer = client.post("/secure-only/", form(root_folder, step="confirm"))
    move = Move.objects.get()
    assert answer.headers["Location"] == f"/secure-only/{move.pk}/"
    assert "Boardroom" in text_of(client.get(f"/secure-only/{move.pk}/"))
    client.post(f"/secure-only/{move.pk}/pause/")
    move.refresh_from_db()
    assert move.state == "paused"
    Member.objects.update(state="held", reason="<b>no TLS</b>")
    assert "&lt;b&gt;no TLS" in text_of(client.get(f"/secure-only/{move.pk}/?state=held"))
    client.post(f"/secure-only/{move.pk}/{proven.pk}/try-again/")
    assert Member.objects.get().state == "waiting"
    client.post(f"/secure-only/{move.pk}/cancel/")
    move.refresh_from_db()
    assert move.state == "cancelled"


def test_numbers_that_are_none_are_refused(client: Client, proven: System, root_folder: Folder) -> None:
    page = text_of(client.post("/secure-only/", form(root_folder, step="confirm", canary="all")))
    assert "are numbers" in page
    assert not Move.objects.exists()


def test_moves_of_other_folders_are_not_found_and_viewers_steer_nothing(
    viewer: User,
    site_administrator: User,
    signed_in: SignedIn,
    client: Client,
    home_office: System,
    bergen: Folder,
) -> None:
    SystemSecret.objects.create(
        system=home_office, stage="current", digest=bytes(32), ciphertext=b"", created_at=NOW
    )
    client.post("/secure-only/", form(bergen, step="confirm"))
    move = Move.objects.get()
    assert signed_in(site_administrator).get(f"/secure-only/{move.pk}/").status_code == 404
    assert signed_in(viewer).get(f"/secure-only/{move.pk}/").status_code == 200
    assert signed_in(viewer).post(f"/secure-only/{move.pk}/cancel/").status_code == 403
    assert signed_in(viewer).post("/secure-only/", form(bergen, step="confirm")).status_code in (403, 404)
