"""The Secure-Only page: preview, beginning, steering a move, and who may."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts import tokens
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import grants_of
from roomkeeper.secure_only import reading
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
    assert "No system is lost" in text_of(client.get("/secure-only/"))
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
    client.post(f"/secure-only/members/{move.members.get().pk}/try-again/")
    assert Member.objects.get().state == "waiting"
    client.post(f"/secure-only/{move.pk}/cancel/")
    move.refresh_from_db()
    assert move.state == "cancelled"


def test_systems_of_all_moves_are_counted_at_once(
    client: Client, administrator: User, boardroom: System, home_office: System
) -> None:
    _, token = tokens.create_token(administrator, now=timezone.now())

    def told() -> dict[int, dict[str, int]]:
        answer = client.get("/api/v1/secure-only-moves", headers={"Authorization": f"Bearer {token}"})
        return {one["id"]: one["counts"] for one in answer.json()["items"]}

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/secure-only/").status_code == 200
            assert told()
        return len(asked)

    first, second = Move.objects.create(), Move.objects.create()
    for system, state in ((boardroom, "moved"), (home_office, "held")):
        Member.objects.create(move=first, system=system, wave=0, state=state)
    queries()
    before = queries()
    Member.objects.create(move=second, system=boardroom, wave=0)
    assert queries() == before
    counts = reading.counts([first.pk, second.pk], grants_of(administrator))
    assert {state: number for state, number in counts[first.pk].items() if number} == {"moved": 1, "held": 1}
    assert list(counts[second.pk]) == Member.State.values
    assert counts[second.pk]["waiting"] == 1
    assert counts.items() <= told().items()


def test_numbers_that_are_none_are_refused(client: Client, proven: System, root_folder: Folder) -> None:
    page = text_of(client.post("/secure-only/", form(root_folder, step="confirm", canary="all")))
    assert "Enter numbers for" in page
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
