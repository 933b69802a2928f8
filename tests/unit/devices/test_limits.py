"""Places for exchanges: per device, per network, in all; the dead in a lane of their own. Without waiting."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest

from roomkeeper.devices.limits import Limits, network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.1.2.3", "10.1.2.0/24"),
        ("10.1.2.250", "10.1.2.0/24"),
        ("::ffff:10.1.2.3", "10.1.2.0/24"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("boardroom.example.org", ""),
        ("10.1.2", ""),
        ("", ""),
    ],
)
def test_network_of_an_address(address, network):
    assert network_of(address) == network


class Holders:
    """Tasks that ask for places and keep them until they are let go."""

    def __init__(self, limits):
        self.limits = limits
        self.inside = []
        self.stack = AsyncExitStack()
        self.tasks = []

    async def ask(self, *wishes):
        """Ask for places, and give those who have got one once nothing moves any more."""

        async def hold(device, network):
            async with self.limits.place(device, network):
                self.inside.append(device)
                try:
                    await asyncio.Event().wait()
                finally:
                    self.inside.remove(device)

        self.tasks += [asyncio.create_task(hold(*wish), name=wish[0]) for wish in wishes]
        await self.settle()
        return list(self.inside)

    async def settle(self):
        for _ in range(20):
            await asyncio.sleep(0)

    async def leave(self, device):
        task = next(task for task in self.tasks if task.get_name() == device and not task.done())
        task.cancel()
        await self.settle()
        return list(self.inside)


async def test_a_network_has_so_many_places_and_others_do_not_wait_for_it():
    holders = Holders(Limits(per_network=2))
    assert await holders.ask(("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b"), ("n1", "")) == [
        "a1",
        "a2",
        "b1",
        "n1",
    ]
    assert await holders.leave("a1") == ["a2", "b1", "n1", "a3"]


async def test_who_waits_for_the_network_takes_no_place_of_all():
    holders = Holders(Limits(per_network=1, at_once=2))
    assert await holders.ask(("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b")) == ["a1", "b1"]


async def test_places_in_all_and_of_one_device():
    holders = Holders(Limits(per_device=1, per_network=9, at_once=2))
    assert await holders.ask(("a", "n"), ("a", "n"), ("b", "n"), ("c", "n")) == ["a", "b"]
    assert await holders.leave("b") == ["a", "c"]


async def test_a_lane_does_not_wait_for_the_device():
    """Many systems behind one address are looked for there at the same time."""
    limits = Limits(per_device=1, per_network=2)
    async with limits.place("a", "n"), limits.lane("a", "n"):
        waiting = asyncio.create_task(limits.lane("a", "n").__aenter__())
        await Holders(limits).settle()
        assert not waiting.done()
    await waiting


async def test_the_dead_take_no_place_from_the_living_of_their_network():
    limits = Limits(per_network=1, at_once=1, dead_at_once=1)
    for device in ("dead1", "dead2"):
        limits.note(device, is_dead=True)
    holders = Holders(limits)
    assert await holders.ask(("dead1", "n"), ("dead2", "n"), ("alive", "n")) == ["dead1", "alive"]
    assert await holders.leave("dead1") == ["alive", "dead2"]


async def test_nothing_is_kept_of_who_has_left_and_of_who_gave_up_waiting():
    holders = Holders(Limits(per_network=1))
    await holders.ask(*((f"d{n}", "n") for n in range(50)))
    assert holders.limits.gates == 51
    for n in range(50):
        await holders.leave(f"d{n}")
    assert holders.limits.gates == 0


async def test_a_place_is_cheap():
    """5,000 polls a minute must not notice it: far under a millisecond each, on any machine."""
    limits = Limits()
    began = time.perf_counter()
    for n in range(5_000):
        async with limits.place(
            f"10.1.{n % 250}.{n // 250}:443:80", network_of(f"10.1.{n % 250}.{n // 250}")
        ):
            pass
    assert time.perf_counter() - began < 2.5
