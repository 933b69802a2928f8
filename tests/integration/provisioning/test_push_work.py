"""Changes and actions pushed to a real virtual endpoint: each ends in its right state, with the right words (R7)."""

import asyncio
from datetime import UTC, datetime

import pytest

from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.provisioning import actions, planning, push_work
from roomkeeper.provisioning.models import Action, ChangeItem
from roomkeeper.provisioning.push_pump import pump
from roomkeeper.provisioning.reading import Fetched, keep, read_and_keep
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.models import System
from tests.integration.provisioning.reachable import make_system, push_due, with_device

pytestmark = pytest.mark.django_db(transaction=True)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def system(transactional_db) -> System:
    """A reachable system whose management settings are in place."""
    made = make_system()
    System.objects.filter(pk=made.pk).update(management_is_due=False)
    return made


def wish(system: System, **settings: str) -> None:
    """Wishes by path, slashes written as double underscores."""
    wanted = {path.replace("__", "/"): value for path, value in settings.items()}
    planning.create_change_set([system], wanted, user=None, now=now())


def items(system: System) -> dict[str, tuple[str, str]]:
    rows = ChangeItem.objects.filter(system=system).order_by("id")
    return {item.path: (item.state, item.reason) for item in rows}


def test_setting_is_pushed_and_confirmed_by_reading_it_back(system):
    wish(system, SystemUnit__Name="Aula", Audio__DefaultVolume="44")

    async def act(endpoint):
        assert await push_due(endpoint) == 1
        return endpoint.device.configuration.find("Audio/DefaultVolume"), endpoint.device.name

    assert with_device(system, act) == ("44", "Aula")
    assert items(system) == {"SystemUnit/Name": ("confirmed", ""), "Audio/DefaultVolume": ("confirmed", "")}
    assert System.objects.get(pk=system.pk).reported_name == "Aula"


def test_refused_value_fails_with_the_words_of_the_device_and_the_rest_is_done(system):
    wish(system, Audio__DefaultVolume="4400", SystemUnit__Name="Aula")
    with_device(system, push_due)
    found = items(system)
    assert found["SystemUnit/Name"] == ("confirmed", "")
    state, reason = found["Audio/DefaultVolume"]
    assert state == "failed"
    assert reason.startswith("the device refused it: ")


@pytest.mark.parametrize("shape", ["errors", "leaf", "status"])
def test_each_shape_of_a_refusal_fails_with_the_words_of_the_device(system, shape):
    wish(system, Audio__DefaultVolume="44", SystemUnit__Name="Aula", Standby__Delay="7")
    faults = (("refuses_value", "Audio/DefaultVolume"), ("refusal_shape", shape))
    with_device(system, push_due, faults=faults)
    assert items(system) == {
        "Audio/DefaultVolume": ("failed", "the device refused it: Illegal value"),
        "SystemUnit/Name": ("confirmed", ""),
        "Standby/Delay": ("confirmed", ""),
    }


def test_value_that_is_silently_kept_is_tried_again_and_then_failed(system):
    wish(system, Audio__DefaultVolume="44")

    async def act(endpoint):
        await push_due(endpoint)
        await push_due(endpoint)

    with_device(system, act, faults=(("keeps_value", "Audio/DefaultVolume"),))
    state, reason = items(system)["Audio/DefaultVolume"]
    assert (state, reason.split(":")[0]) == ("failed", "kept its value")


def test_report_from_before_a_push_that_comes_after_it_leads_to_no_second_push(system):
    """A device may be asked for its configuration while it is written another; that report proves nothing."""
    wish(system, Audio__DefaultVolume="44")

    async def act(endpoint):
        old, asked_at = endpoint.device.document("Configuration").encode(), now()
        async with device_access.talking_to(system.pk) as driver:
            taken = await off_loop(push_work._take_settings, system.pk)
            # Asked while it is being sent: as little a proof.
            await read_and_keep(driver, system.pk, ("configuration",))
            assert (await off_loop(items, system))["Audio/DefaultVolume"][0] == "delivered"
            await driver.write_configuration({one.path: one.value for one in taken})
            await off_loop(push_work._note_settings_sent, taken)
            await off_loop(keep, [Fetched(system.pk, "configuration", old, asked_at)], now=now())
            assert (await off_loop(items, system))["Audio/DefaultVolume"][0] == "delivered"
            await read_and_keep(driver, system.pk, ("configuration",))
        assert await push_due(endpoint) == 0

    with_device(system, act)
    assert items(system) == {"Audio/DefaultVolume": ("confirmed", "")}
    item = ChangeItem.objects.get(system=system)
    assert (item.rounds, item.other_values) == (1, 0)
    assert item.delivered_at <= now()


def test_what_may_have_arrived_is_looked_for_before_it_is_written_again(system):
    wish(system, Audio__DefaultVolume="44")

    async def act(endpoint):
        endpoint.faults.restart_in_mid_request = True
        await push_due(endpoint)
        first = await off_loop(items, system)
        # It took the setting, and only its answer was lost.
        assert endpoint.device.configuration.set("Audio/DefaultVolume", "44")
        for _ in range(50):
            pump.forget_failures()
            await push_due(endpoint)
            if (await off_loop(items, system))["Audio/DefaultVolume"][0] != "waiting":
                break
            await asyncio.sleep(0.05)
        return first

    first = with_device(system, act)
    assert first == {"Audio/DefaultVolume": ("waiting", "")}
    assert items(system) == {"Audio/DefaultVolume": ("confirmed", "")}
    assert ChangeItem.objects.get(system=system).rounds == 1


def test_status_that_is_read_while_an_action_is_sent_does_not_end_it(system):
    actions.ask(system, "Standby/Activate", user=None, now=now())

    async def act(endpoint):
        async with device_access.talking_to(system.pk) as driver:
            action = await off_loop(push_work._take_action, system.pk)
            await read_and_keep(driver, system.pk, ("status",))
            await off_loop(action.refresh_from_db)
            return action.state, action.reason

    assert with_device(system, act) == ("delivered", "")


def test_what_cannot_have_arrived_waits_again_and_counts_no_round(system):
    wish(system, SystemUnit__Name="Aula")

    async def act(endpoint):
        await endpoint.stop()
        assert await push_due(endpoint) == 1

    with_device(system, act)
    item = ChangeItem.objects.get(system=system)
    assert (item.state, item.rounds, item.delivered_at) == ("waiting", 0, None)


def test_account_without_rights_fails_the_change_with_that_reason(system):
    wish(system, SystemUnit__Name="Aula")
    with_device(system, push_due, faults=(("no_admin_rights", "on"),))
    state, reason = items(system)["SystemUnit/Name"]
    assert state == "failed"
    assert "without administrator rights" in reason


def test_action_is_run_once_and_its_result_is_told(system):
    actions.ask(system, "Audio/Volume/Set", [["Level", "31"]], user=None, now=now())

    async def act(endpoint):
        await push_due(endpoint)
        assert await push_due(endpoint) == 0
        return endpoint.device.status.find("Audio/Volume")

    assert with_device(system, act) == "31"
    action = Action.objects.get()
    assert action.state == "confirmed"
    assert action.reason.startswith("the device ran it")


def test_refused_and_unknown_commands_fail_in_the_words_of_the_device(system):
    actions.ask(system, "Audio/Volume/Set", [["Level", "3100"]], user=None, now=now())
    actions.ask(system, "Make/Coffee", user=None, now=now())
    with_device(system, push_due)
    assert [action.state for action in Action.objects.order_by("id")] == ["failed", "failed"]
    assert all(action.reason for action in Action.objects.all())


def test_restart_is_delivered_and_its_boot_post_is_the_proof(system):
    actions.restart(system, user=None, now=now())
    with_device(system, push_due)
    assert Action.objects.get().state == "delivered"


def test_no_report_judges_an_action_whose_answer_is_still_to_come(system, monkeypatch):
    actions.ask(system, "Audio/Volume/Set", [["Level", "31"]], user=None, now=now())
    end = push_work._end_action
    judged_from: list[datetime] = []

    def look_and_end(action, *rest):
        judged_from.append(Action.objects.get(pk=action.pk).delivered_at)
        end(action, *rest)

    monkeypatch.setattr(push_work, "_end_action", look_and_end)
    with_device(system, push_due)
    # A status read now, which says nothing of the volume, would have made it "unknown whether it ran".
    assert [at > now() for at in judged_from] == [True]
    action = Action.objects.get()
    assert (action.state, action.delivered_at <= now()) == ("confirmed", True)


def test_action_waits_again_where_nothing_was_sent(system):
    actions.ask(system, "Audio/Volume/Set", [["Level", "31"]], user=None, now=now())

    async def act(endpoint):
        await endpoint.stop()
        await push_due(endpoint)

    with_device(system, act)
    action = Action.objects.get()
    assert (action.state, action.delivered_at) == ("waiting", None)


def test_system_that_failed_is_left_alone_for_a_time(system):
    wish(system, SystemUnit__Name="Aula")

    async def act(endpoint):
        await endpoint.stop()
        return await push_due(endpoint), await push_due(endpoint), len(pump._failed)

    assert with_device(system, act) == (1, 0, 1)
