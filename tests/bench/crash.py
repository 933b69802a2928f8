"""kill -9 under load: how soon the server is back, and whether every acknowledged post is there."""

import asyncio
import itertools
import random
from collections import Counter

from tests.bench import client, posts
from tests.bench.figures import Figure, demand, show
from tests.bench.installation import Installation, installations

FLEET = 1_000
SECONDS_OF_LOAD = 5


def crash(databases: list[str], *, is_quick: bool) -> None:
    """Kill the server amid heartbeats, start it again, hold the timelines against what was acknowledged."""
    with installations(databases) as made:
        for database, one in made.items():
            _crash(one, database, 100 if is_quick else FLEET, 1 if is_quick else SECONDS_OF_LOAD)


def _crash(one: Installation, database: str, fleet: int, seconds: int) -> None:
    one.ask("seed", fleet, one.http)
    before = one.ask("settle", "http", one.http)
    members = [posts.Endpoint(number) for number in range(1, fleet + 1)]
    beats = {member.number: posts.beat(member, host=one.http) for member in members}
    with one.serve() as server:
        heard = asyncio.run(_post_until_killed(one, beats, seconds, server.kill))
    acknowledged = Counter(heard.acknowledged)
    demand(heard.by_status.keys() == {200}, f"answers by status: {heard.by_status}")
    demand(heard.broken > 0, "the load ended before the server was killed")
    with one.serve(command=("-m", "roomkeeper.cli.main", "serve")) as again:
        after = one.ask("moved", before["mark"])
    # Each timeline began with a count of one.
    counted = {int(number): count - 1 for number, count in after["by_number"].items()}
    lost = {number: count for number, count in acknowledged.items() if counted.get(number, 0) < count}
    demand(not lost, f"acknowledged posts are missing: {lost}")
    surplus = sum(counted.values()) - sum(acknowledged.values())
    demand(surplus <= client.CONNECTIONS, f"{surplus} more beats are counted than were sent")
    show(Figure(f"crash {database} acknowledged posts kept", float(sum(acknowledged.values())), "posts"))
    show(Figure(f"crash {database} back", again.seconds_to_ready, "s"))


async def _post_until_killed(
    one: Installation, beats: dict[int, bytes], seconds: int, kill: object
) -> client.Heard:
    assert callable(kill)
    chance = random.Random(1)
    numbers = list(beats)
    errands = ((number, [beats[number]]) for number in (chance.choice(numbers) for _ in itertools.count()))
    posting = asyncio.create_task(client.post_all(one.http, errands, stops_when_broken=True))
    await asyncio.sleep(seconds)
    await asyncio.to_thread(kill)
    return await posting
