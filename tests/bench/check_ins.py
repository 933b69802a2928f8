"""Check-ins: heartbeats of a proven fleet, each answered after its commit, beside the same server's empty answer."""

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import load, posts
from tests.bench.figures import Figure, demand, show
from tests.bench.installation import Installation, Server, installations

FLEETS = (1_000, 10_000, 100_000)
BASE = 10_000
ROUNDS = 3
ROUND_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Run:
    """Posts a second and empty answers a second, medians of alternating rounds; the server's processor time for one
    of each in microseconds; p99 in milliseconds. `first` is the round before them."""

    posts: float
    ceiling: float
    cpu: float
    ceiling_cpu: float
    p99: float
    first: "Round"


@dataclass(frozen=True, slots=True)
class Round:
    """One run of wrk and the server's processor time for one of its answers, in microseconds."""

    load: load.Load
    cpu: float


def throughput(databases: list[str], *, is_quick: bool) -> None:
    """Check-ins a second as the fleet grows, those after an outage, then with documents due, then with one in ten
    having a change waiting."""
    fleets = (100,) if is_quick else FLEETS
    with installations(databases) as made:
        for database, one in made.items():
            by_fleet = {fleet: _plain(one, database, fleet, is_quick=is_quick) for fleet in fleets}
            for fleet, run in by_fleet.items():
                if BASE in by_fleet and fleet != BASE:
                    name, cpu = f"check-in cost {database} {fleet}", run.cpu
                    show(Figure(name, cpu, "us", f"{BASE} systems", cpu / by_fleet[BASE].cpu))
            fleet = max(by_fleet)
            run = by_fleet[fleet]
            _compare(f"after an outage {database} {fleet}", run.first.load.rate, run.first.cpu, run)
            due = _measure(one, fleet, is_quick=is_quick, documents_are_due=True)
            _compare(f"documents due {database} {fleet}", due.posts, due.cpu, run)
            one.ask("make-changes", 10)
            busy = _measure(one, fleet, is_quick=is_quick, has_changes=True)
            _compare(f"work waiting {database} {fleet}", busy.posts, busy.cpu, run)


def over_tls(databases: list[str], *, is_quick: bool) -> None:
    """Each post over a TLS connection of its own (P-256), beside the empty answer over the same."""
    fleet = 100 if is_quick else BASE
    with installations(databases) as made:
        for database, one in made.items():
            one.ask("seed", fleet, one.https)
            run = _measure(one, fleet, is_quick=is_quick, scheme="https")
            show(Figure(f"ceiling tls {database} {fleet}", run.ceiling, "1/s"))
            show(
                Figure(
                    f"check-ins tls {database} {fleet}", run.posts, "1/s", "ceiling", run.posts / run.ceiling
                )
            )


def _compare(name: str, rate: float, cpu: float, without: Run) -> None:
    show(Figure(f"check-ins {name}", rate, "1/s", "without", rate / without.posts))
    show(Figure(f"check-in cpu {name}", cpu, "us", "without", without.cpu / cpu))


def _plain(one: Installation, database: str, fleet: int, *, is_quick: bool) -> Run:
    one.ask("seed", fleet, one.http)
    run = _measure(one, fleet, is_quick=is_quick)
    show(Figure(f"ceiling {database} {fleet}", run.ceiling, "1/s"))
    show(Figure(f"check-ins {database} {fleet}", run.posts, "1/s", "ceiling", run.posts / run.ceiling))
    show(Figure(f"check-ins p99 {database} {fleet}", run.p99, "ms"))
    show(Figure(f"ceiling cpu {database} {fleet}", run.ceiling_cpu, "us"))
    show(Figure(f"check-in cpu {database} {fleet}", run.cpu, "us", "ceiling", run.ceiling_cpu / run.cpu))
    return run


def _measure(
    one: Installation,
    fleet: int,
    *,
    is_quick: bool,
    scheme: str = "http",
    documents_are_due: bool = False,
    has_changes: bool = False,
) -> Run:
    """A round of posts after an outage, as every start is one to a fleet that was not heard for long. Then alternate
    rounds of empty answers and of posts; then see that the rows are there."""
    host = one.http if scheme == "http" else one.https
    members = [posts.Endpoint(number) for number in range(1, fleet + 1)]
    beats, empties = one.data / "beats", one.data / "empties"
    closes = scheme == "https"
    load.write_requests(beats, (posts.beat(member, host=host, closes=closes) for member in members))
    load.write_requests(
        empties,
        (posts.beat(member, host=host, closes=closes, path=posts.EMPTY) for member in members[:1_000]),
    )
    with one.serve() as server:
        url = f"{scheme}://{server.addresses[scheme]}/"
        seconds = 1 if is_quick else ROUND_SECONDS
        away = one.ask("settle", scheme, host, "away")
        first = _round(server, url, beats, seconds)
        before = one.ask("settle", scheme, host, "due" if documents_are_due else "")
        rounds = [
            (_round(server, url, empties, seconds), _round(server, url, beats, seconds))
            for _ in range(1 if is_quick else ROUNDS)
        ]
        after = one.ask("moved", before["mark"])
    _check(before, after, [posted.load for _, posted in rounds], server)
    demand(first.load.refused + first.load.broken == 0, f"posts were refused or dropped: {first.load}")
    demand(before["sent"] > away["sent"], "the server was away, and nobody was told anything anew")
    if documents_are_due:
        demand(after["asked"] > 0, "documents were due, and nobody was asked for any")
    elif has_changes:
        demand(after["delivered"] > 0, "changes waited, and none was handed over")
    else:
        demand(after["asked"] == after["begun"] == 0, f"not all were plain heartbeats: {after}")
    return Run(
        posts=statistics.median(posted.load.rate for _, posted in rounds),
        ceiling=statistics.median(empty.load.rate for empty, _ in rounds),
        cpu=statistics.median(posted.cpu for _, posted in rounds),
        ceiling_cpu=statistics.median(empty.cpu for empty, _ in rounds),
        p99=statistics.median(posted.load.p99 for _, posted in rounds) * 1000,
        first=first,
    )


def _round(server: Server, url: str, requests: Path, seconds: float) -> Round:
    before = server.cpu_seconds()
    done = load.run(url, requests, seconds=seconds)
    return Round(done, (server.cpu_seconds() - before) / max(1, done.answered) * 1e6)


def _check(before: dict[str, Any], after: dict[str, Any], runs: list[load.Load], server: Server) -> None:
    """Every answer of 200 is a beat on a timeline; at most those in flight at the end of a run were not heard."""
    demand(server.process.returncode == 0, f"the server ended with {server.process.returncode}")
    demand(sum(run.refused + run.broken for run in runs) == 0, f"posts were refused or dropped: {runs}")
    answered = sum(run.answered for run in runs)
    counted = after["beats"] - before["beats"]
    in_flight = load.CONNECTIONS * (len(runs) + 1)
    demand(answered <= counted <= answered + in_flight, f"{answered} answers, {counted} beats on timelines")
    demand(0 < after["contacts"] <= before["systems"], "no contact has moved")
    demand(after["due"] == after["contacts"], "a contact has moved whose next one was not put off")
