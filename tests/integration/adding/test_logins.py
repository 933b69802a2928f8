"""One login for many systems that are here: tried once on each, and stored with the outcome."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from tests.cast import add_system
from tests.integration.adding.conftest import GOOD, NOW, WRONG

from roomkeeper.adding import logins
from roomkeeper.systems import inventory
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import Connectivity, State, System

pytestmark = pytest.mark.django_db(transaction=True)


async def known(endpoint=None, number=1, **values) -> System:
    folder = await sync_to_async(inventory.root_folder)()
    place = (
        {}
        if endpoint is None
        else {"host": endpoint.plan.identity.address, "https_port": endpoint.https_port}
    )
    values = {"connectivity": Connectivity.REACHABLE_ON_LAN, "http_port": 1, **place, **values}
    return await sync_to_async(add_system)(f"Room {number}", folder, number, **values)


async def log_in(add, systems, login, **more):
    job = await sync_to_async(logins.start)(
        systems, login.username, login.password, user=add.user, now=NOW, **more
    )
    done = await add.run(job)
    for system in systems:
        await sync_to_async(system.refresh_from_db)()
    return done


async def test_it_is_tried_once_on_each_and_stored_where_it_works(add, start):
    endpoints = [await start(number) for number in (1, 2)]
    systems = [await known(one, number, is_unproven=True) for number, one in enumerate(endpoints, 1)]
    done = await log_in(add, systems, GOOD)
    assert [item.details["login"] for item in done.items] == ["works", "works"]
    for system in systems:
        assert system.username == GOOD.username
        assert credentials.password_of(system) == GOOD.password
        assert system.login_worked_at is not None
        # What a probe could not prove for want of credentials is proven now.
        assert not system.is_unproven
    assert "The login works on 2" in done.job.summary


async def test_a_wrong_one_is_sent_once_whatever_is_asked_and_kept_as_refused(add, start):
    endpoint = await start()
    system = await known(endpoint)
    for _ in range(3):
        done = await log_in(add, [system], WRONG)
        assert done.item.state == "failed"
        assert done.item.details["login"] == "refused"
    assert endpoint.tries == 1
    assert system.login_refused_at is not None


async def test_a_login_that_has_worked_is_not_lost_by_a_wrong_one(add, start):
    endpoint = await start()
    system = await known(endpoint)
    await log_in(add, [system], GOOD)
    done = await log_in(add, [system], WRONG)
    assert done.item.details["login"] == "kept"
    assert credentials.password_of(system) == GOOD.password
    assert system.login_refused_at is None


async def test_who_cannot_be_reached_gets_it_stored_and_who_is_not_managed_does_not(add):
    away = await known(number=1, connectivity=Connectivity.BEHIND_FIREWALL)
    new = await known(number=2, state=State.PENDING)
    done = await log_in(add, [away, new], GOOD)
    assert [item.state for item in done.items] == ["warning", "skipped"]
    assert away.username == GOOD.username
    assert new.username == ""


async def test_it_goes_by_plain_http_only_where_that_was_allowed(add, start):
    endpoint = await start()
    system = await known(endpoint, https_port=1, http_port=endpoint.http_port)
    done = await log_in(add, [system], GOOD)
    assert done.item.details["login"] == "untried"
    assert endpoint.tries == 0
    done = await log_in(add, [system], GOOD, password_may_use_http=True)
    assert done.item.details["login"] == "works"


async def test_another_device_at_the_address_is_told_and_proves_nothing(add, start):
    endpoint = await start()
    system = await known(endpoint, serial_number="FTT99999999")
    done = await log_in(add, [system], GOOD)
    assert done.item.state == "warning"
    assert system.login_worked_at is None
