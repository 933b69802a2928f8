"""The systems list with many systems: time in the server and number of queries. `measure_list` runs inside."""

import statistics
import time
from typing import Any

from tests.bench.figures import Figure, demand, show
from tests.bench.installation import installations

FLEETS = (1_000, 10_000)
ADDRESSES = (
    "/systems/",
    "/systems/?q=Room+77&sort=-name",
    "/systems/?alive=yes&sort=name",
    "/systems/?page=50",
)
ROUNDS = 15


def systems_list(databases: list[str], *, is_quick: bool) -> None:
    """The list, filtered, sorted and on its fiftieth page, in a fleet and in one of ten times its size."""
    with installations(databases) as made:
        for database, one in made.items():
            queries = set()
            for fleet in (100, 200) if is_quick else FLEETS:
                one.ask("seed", fleet, one.http)
                one.ask("settle", "http", one.http)
                measured = one.ask("pages", 2 if is_quick else ROUNDS)
                for address, (milliseconds, number) in measured.items():
                    show(Figure(f"page {database} {fleet} {address}", milliseconds, "ms"))
                    queries.add((address, number))
            show(Figure(f"page {database} queries", max(number for _, number in queries), "queries"))
            demand(
                len(queries) == len(ADDRESSES),
                f"the number of queries grows with the fleet: {sorted(queries)}",
            )


def measure_list(rounds: str) -> dict[str, Any]:
    """Median milliseconds and number of queries of each address, as an administrator sees it."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from roomkeeper.accounts.models import Role, User
    from roomkeeper.accounts.permissions import assign
    from roomkeeper.systems import inventory

    user, _ = User.objects.get_or_create(username="bench")
    assign(user, inventory.root_folder(), Role.ADMINISTRATOR)
    browser = Client()
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    found: dict[str, Any] = {}
    for address in ADDRESSES:
        times = []
        browser.get(address)  # templates are read once
        for _ in range(int(rounds)):
            started = time.perf_counter()
            answer = browser.get(address)
            times.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        with CaptureQueriesContext(connection) as captured:
            browser.get(address)
        found[address] = (statistics.median(times), len(captured))
    return found
