"""Virtual endpoints on both roads, in a process of their own: `python -m tests.bench.roads_fleet COUNT TOLD PATH`.

They are as if they had been managed for long, as the file TOLD has it (`roads.seed_roads`), and go on beating. Asked by
a line on the standard input they tell how often each was written the setting PATH; they end with that input.
"""

import asyncio
import json
import resource
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roomkeeper.virtual.endpoint import VirtualEndpoint, stop_all
from roomkeeper.virtual.endpoint_plan import EndpointPlan
from roomkeeper.virtual.identity import BEHIND_FIREWALL, LAN, EndpointIdentity, derive_address
from tests.bench.posts import Endpoint

PROFILE = "room-kit-roomos10"
LOGIN = ("admin", "roomkeeper")
SECRET_MARK = "@secret@"
FIRST_ADDRESS = {LAN: "127.40.0.1", BEHIND_FIREWALL: "127.50.0.1"}
FIRST_REPORTED = "192.168.0.1"


@dataclass(frozen=True, slots=True)
class Member:
    """One endpoint by its number from 1: odd ones are reachable on LAN, even ones behind a firewall."""

    number: int

    @property
    def mode(self) -> str:
        """Its road."""
        return LAN if self.number % 2 else BEHIND_FIREWALL

    @property
    def address(self) -> str:
        """Where it posts from, and listens."""
        return derive_address(FIRST_ADDRESS[self.mode], (self.number - 1) // 2)

    @property
    def reported_address(self) -> str:
        """Where it says that it is."""
        own = self.mode == BEHIND_FIREWALL
        return derive_address(FIRST_REPORTED, (self.number - 1) // 2) if own else self.address

    @property
    def claims(self) -> Endpoint:
        """Its names, and its secret."""
        return Endpoint(self.number)


def plan_of(member: Member, *, http_port: int, https_port: int, interval: float) -> EndpointPlan:
    """The plan of its virtual endpoint, without a manager."""
    claims = member.claims
    mac = ":".join(claims.mac[start : start + 2] for start in range(0, 12, 2))
    return EndpointPlan(
        EndpointIdentity(claims.name, claims.serial, mac, member.address, member.reported_address),
        profile=PROFILE,
        mode=member.mode,
        username=LOGIN[0],
        password=LOGIN[1],
        http_port=http_port,
        https_port=https_port,
        heartbeat_seconds=interval,
        start_jitter_seconds=interval,
        is_verifying=False,
    )


def obey(endpoint: VirtualEndpoint, secret: str, told: dict[str, Any]) -> None:
    """Let it be as a server left it that told it this on its admission."""

    def filled(text: str) -> str:
        return text.replace(SECRET_MARK, secret)

    endpoint.configuration.preset({path: filled(value) for path, value in told["settings"].items()})
    feedback = told["feedback"]
    endpoint.device.register_feedback(
        int(feedback["FeedbackSlot"]), filled(feedback["ServerUrl"]), feedback["Expression"], "XML"
    )


def _counted(endpoint: VirtualEndpoint, path: str, counts: Counter[str]) -> Callable[..., Any]:
    """Its way of taking settings, whichever road they come by, with an eye on one of them."""
    take, serial = endpoint.device.write_settings, endpoint.plan.identity.serial
    find = endpoint.configuration.find_leaf

    def write(settings: list[tuple[str, str]]) -> Any:
        counts[serial] += sum((leaf := find(one)) is not None and leaf.path == path for one, _ in settings)
        return take(settings)

    return write


def _report(endpoints: list[VirtualEndpoint], path: str, counts: Counter[str]) -> dict[str, Any]:
    return {
        "written": {one.plan.identity.serial: counts[one.plan.identity.serial] for one in endpoints},
        "values": dict(Counter(one.configuration.find(path) for one in endpoints)),
        # Whose post found nobody who took it.
        "disturbed": [
            one.plan.identity.serial for one in endpoints if any(post.problem for post in one.manager.posts)
        ],
        # Of those that were handed it with an answer: when they posted, and when they were answered last before.
        "posted": dict(filter(None, (_find_post(one, path) for one in endpoints))),
        "intervals": sorted(
            {
                post.heartbeat_seconds
                for one in endpoints
                for post in one.manager.posts
                if post.heartbeat_seconds
            }
        ),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }


def _find_post(endpoint: VirtualEndpoint, path: str) -> tuple[str, tuple[float, float]] | None:
    before = 0.0
    for post in endpoint.manager.posts:
        if any(one == path for one, _ in post.settings):
            return endpoint.plan.identity.serial, (post.at.timestamp(), before)
        if post.status == 200:
            before = post.at.timestamp()
    return None


async def _serve(count: int, told: dict[str, Any], path: str) -> None:
    counts: Counter[str] = Counter()
    ports = {"http_port": told["http_port"], "https_port": told["https_port"]}
    endpoints = []
    for number in range(1, count + 1):
        member = Member(number)
        endpoint = VirtualEndpoint(plan_of(member, interval=told["interval"], **ports))
        obey(endpoint, member.claims.secret, told[member.mode])
        endpoint.device.write_settings = _counted(endpoint, path, counts)  # type: ignore[method-assign]
        endpoints.append(endpoint)
    for endpoint in endpoints:
        await endpoint.listen()
    for endpoint in endpoints:
        # Without a boot: it has been there for long.
        endpoint.later(endpoint.manager.run())
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print("report " + json.dumps(_report(endpoints, path, counts)), flush=True)
    await stop_all(endpoints)


def main() -> None:
    """Beat until the standard input ends."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    count, told, path = sys.argv[1:]
    asyncio.run(_serve(int(count), json.loads(Path(told).read_text("utf-8")), path))


if __name__ == "__main__":
    main()
