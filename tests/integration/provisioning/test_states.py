"""The state machine of what is delivered: the table of moves, what goes with a move, who hears of it (rule R7)."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from roomkeeper.provisioning import actions, planning, states
from roomkeeper.provisioning.models import Action, Change, ChangeItem, DeliveryState
from roomkeeper.systems.inventory import root_folder
from roomkeeper.systems.models import ChangeEvent, System

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
S = DeliveryState


@pytest.fixture
def system(db: None) -> System:
    return System.objects.create(name="Boardroom", state="managed", folder=root_folder())


@pytest.fixture
def item(system: System) -> ChangeItem:
    planning.create_change_set([system], {"Audio/DefaultVolume": "70"}, user=None, now=NOW)
    return ChangeItem.objects.get()


@pytest.fixture
def action(system: System) -> Action:
    return actions.record(system, "Standby/Activate", [], user=None, now=NOW, secret=b"sealed")


@pytest.mark.parametrize(("source", "to"), list(product([None, *S], S)))
def test_a_move_that_is_not_in_the_table_raises_and_writes_nothing(source, to, item):
    is_legal = to in states.MOVES[source]
    if source is None:
        if is_legal:
            assert states.born(to, "", NOW)["state"] == to
        else:
            with pytest.raises(states.IllegalMove):
                states.born(to, "", NOW)
        return
    ChangeItem.objects.update(state=source)
    item.refresh_from_db()
    if is_legal:
        assert states.move([item], to, "why", LATER) == 1
        assert (item.state, ChangeItem.objects.get().state) == (to, to)
        return
    with pytest.raises(states.IllegalMove):
        states.move([item], to, "why", LATER)
    with pytest.raises(states.IllegalMove):
        states.move(ChangeItem.objects.all(), to, "why", LATER, out_of=(source,))
    with pytest.raises(states.IllegalMove):
        states.turn(item, to, "why", LATER)
    assert states.move(ChangeItem.objects.all(), to, "why", LATER) == 0
    assert (item.state, ChangeItem.objects.get().state) == (source, source)


def test_every_end_but_a_newer_wish_has_a_way_back_and_none_leads_out_of_that():
    assert states.MOVES[S.SUPERSEDED] == frozenset()
    for state in set(S) - {S.SUPERSEDED}:
        assert {S.WAITING, S.SUPERSEDED} <= states.MOVES[state]


def test_handing_over_notes_the_moment_and_counts_a_round(item):
    assert states.move(ChangeItem.objects.all(), S.DELIVERED, None, LATER) == 1
    item.refresh_from_db()
    assert (item.state, item.delivered_at, item.rounds, item.ended_at) == ("delivered", LATER, 1, None)
    assert Change.objects.get().state == "delivered"
    states.move(ChangeItem.objects.all(), S.WAITING, None, LATER, delivered_at=None)
    item.refresh_from_db()
    assert (item.state, item.delivered_at, item.rounds) == ("waiting", None, 1)


def test_an_action_that_ends_keeps_no_secret_by_whichever_way_it_is_moved(action):
    def secrets(one: Action) -> tuple[bytes, bool, bytes]:
        return bytes(one.secret), one.has_secret, bytes(one.sealed_arguments)

    Action.objects.update(sealed_arguments=b"also")
    action.refresh_from_db()
    states.move([action], S.DELIVERED, None, NOW)
    action.refresh_from_db()
    assert secrets(action) == (b"sealed", True, b"also")
    for way in ("query", "rows", "turn"):
        Action.objects.update(state=S.DELIVERED, secret=b"sealed", has_secret=True, sealed_arguments=b"also")
        action.refresh_from_db()
        if way == "turn":
            states.turn(action, S.FAILED, "x" * 900, LATER)
            states.keep([action], LATER)
        else:
            rows = Action.objects.all() if way == "query" else [action]
            states.move(rows, S.FAILED, "x" * 900, LATER)
        action.refresh_from_db()
        assert secrets(action) == (b"", False, b""), way
        assert (action.state, action.ended_at, len(action.reason)) == ("failed", LATER, 500)


def test_what_somebody_else_has_moved_meanwhile_stays_as_it_is(item):
    stale = ChangeItem.objects.get()
    states.move([item], S.CANCELLED, "cancelled by eve", NOW)
    assert states.move([stale], S.DELIVERED, None, LATER) == 0
    assert ChangeItem.objects.get().reason == "cancelled by eve"


@pytest.mark.parametrize("way", ["query", "rows", "turn"])
def test_open_pages_hear_of_every_move(way, item, action):
    for model, row, topics in (
        (ChangeItem, item, {"change_set", "system"}),
        (Action, action, {"system"}),
    ):
        row.refresh_from_db()
        ChangeEvent.objects.all().delete()
        if way == "turn":
            states.turn(row, S.FAILED, "", LATER)
            states.keep([row], LATER)
        else:
            rows = model.objects.all() if way == "query" else [row]
            states.move(rows, S.FAILED, "", LATER)
        assert set(ChangeEvent.objects.values_list("topic", flat=True)) == topics
        ChangeEvent.objects.all().delete()
        # Nothing moved, nothing told.
        assert states.move(model.objects.all(), S.DELIVERED, None, LATER) == 0
        assert not ChangeEvent.objects.exists()
