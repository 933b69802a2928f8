"""What a server costs that does little: start, memory when idle, disk for a day."""

import itertools
import time
import urllib.request

from tests.bench import load, posts
from tests.bench.figures import Figure, demand, show
from tests.bench.installation import Installation, installations
from tests.bench.load import write_requests

IDLE_SYSTEMS = 10_000
DAY_SYSTEMS = 200
SETTLE_SECONDS = 3
SERVE = ("-m", "roomkeeper.cli.main", "serve")


def start(databases: list[str], *, is_quick: bool) -> None:
    """From the command to the line `ready`: on an empty data folder (schema, keys, certificates), then again."""
    with installations(databases) as made:
        for database, one in made.items():
            for what in ("first", "again"):
                with one.serve(command=SERVE) as server:
                    show(Figure(f"start {what} {database}", server.seconds_to_ready, "s"))


def idle_memory(databases: list[str], *, is_quick: bool) -> None:
    """Resident memory of a server with a fleet, after each of its services was used once and it rested."""
    fleet = 100 if is_quick else IDLE_SYSTEMS
    with installations(databases) as made:
        for database, one in made.items():
            one.ask("seed", fleet, one.http)
            one.ask("settle", "http", one.http)
            beats = one.data / "beats"
            write_requests(
                beats, (posts.beat(posts.Endpoint(each), host=one.http) for each in range(1, fleet + 1))
            )
            with one.serve(command=SERVE) as server:
                with urllib.request.urlopen(f"http://{one.http}/sign-in/") as page:
                    demand(page.status == 200, "the sign-in page does not answer")
                done = load.run(f"http://{one.http}/", beats, seconds=2)
                demand(done.answered > 0 and done.refused == 0, f"posts were refused: {done}")
                time.sleep(SETTLE_SECONDS)
                show(Figure(f"idle memory {database} {fleet}", server.memory(), "MB"))


def disk(databases: list[str], *, is_quick: bool) -> None:
    """How much the database grows in a simulated day of heartbeats, status documents and calls at 900 s."""
    if posts.captured("status.xml") is None:
        return
    number = 20 if is_quick else DAY_SYSTEMS
    with installations(databases) as made:
        for database, one in made.items():
            _day(one, database, number, hours=2 if is_quick else 24)


def _day(one: Installation, database: str, number: int, *, hours: int) -> None:
    one.ask("seed", number, one.http)
    lived = one.ask("day", number, hours, one.http)
    days = [lived["first"], *lived["days"]]
    demand(lived["beats"] == number * hours * 4 * len(lived["days"]), f"{lived['beats']} beats are counted")
    demand(lived["status"] == number, f"{lived['status']} systems have a status")
    scale = 1_000 / number * 24 / hours
    first = (lived["first"] - lived["empty"]) / number * 1_000 / 1e6
    show(Figure(f"disk {database} first documents of 1000 systems", first, "MB"))
    for day, (before, after) in enumerate(itertools.pairwise(days), start=1):
        show(Figure(f"disk {database} 1000 systems day {day}", (after - before) * scale / 1e6, "MB"))
