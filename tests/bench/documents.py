"""Posted documents: how many are taken in a second, and a boot storm of the whole fleet."""

import asyncio
import time

from tests.bench import client, load, posts
from tests.bench.figures import Figure, demand, show, tell
from tests.bench.installation import Installation, installations

SYSTEMS = 1_000
STORM = 10_000
SECONDS = 10
NOT_HERE = "The captured documents (../shared/captures) are not here; left out."


def intake(databases: list[str], *, is_quick: bool) -> None:
    """Status documents of 20 kB, each with another uptime: taken in, decoded, stored, facts compared."""
    status = posts.captured("status.xml")
    if status is None:
        tell(f"documents: {NOT_HERE}")
        return
    number = 50 if is_quick else SYSTEMS
    with installations(databases) as made:
        for database, one in made.items():
            one.ask("seed", number, one.http)
            members = [posts.Endpoint(each) for each in range(1, number + 1)]
            requests = one.data / "requests"
            load.write_requests(
                requests,
                (
                    posts.posted(
                        member, "/Status", posts.with_uptime(status, 60 * member.number), host=one.http
                    )
                    for member in members
                ),
            )
            with one.serve() as server:
                url = f"http://{server.addresses['http']}/"
                load.run(url, requests, seconds=1)
                before = one.ask("documents")
                done = load.run(url, requests, seconds=1 if is_quick else SECONDS)
                after = one.ask("documents")
            demand(done.refused + done.broken == 0, f"documents were refused or dropped: {done}")
            posted = after["posted"] - before["posted"]
            demand(
                done.answered <= posted <= done.answered + 2 * load.CONNECTIONS,
                f"{done.answered} answers, {posted} documents on timelines",
            )
            demand(0 < after["status"] <= number, "no status is kept")
            demand(
                after["size"] / after["status"] > 15_000, "the documents kept are smaller than those posted"
            )
            show(Figure(f"document intake {database}", done.rate, "1/s"))


def boot_storm(databases: list[str], *, is_quick: bool) -> None:
    """Every system registers, then posts its status and its configuration: nothing refused, nothing lost."""
    status, configuration = posts.captured("status.xml"), posts.captured("configuration.xml")
    if status is None or configuration is None:
        tell(f"boot-storm: {NOT_HERE}")
        return
    fleet = 100 if is_quick else STORM
    with installations(databases) as made:
        for database, one in made.items():
            _storm(one, database, fleet, status, configuration)


def _storm(one: Installation, database: str, fleet: int, status: str, configuration: str) -> None:
    one.ask("seed", fleet, one.http)
    errands = (
        (
            number,
            [
                posts.beat(member := posts.Endpoint(number), host=one.http, word="Register"),
                posts.posted(member, "/Status", status, host=one.http),
                posts.posted(member, "/Configuration", configuration, host=one.http),
            ],
        )
        for number in range(1, fleet + 1)
    )
    with one.serve() as server:
        started = time.monotonic()
        heard = asyncio.run(client.post_all(server.addresses["http"], errands))
        seconds = time.monotonic() - started
        peak = server.peak_memory()
        kept = one.ask("documents")
    demand(heard.by_status == {200: 3 * fleet}, f"answers by status: {heard.by_status}")
    for what in ("registered", "status", "configurations"):
        demand(kept[what] == fleet, f"{fleet} systems, {what}: {kept[what]}")
    show(Figure(f"boot storm {database} {fleet} documents", 2 * fleet / seconds, "1/s"))
    show(Figure(f"boot storm {database} {fleet} peak memory", peak, "MB"))
