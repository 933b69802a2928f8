"""The page on reverse proxies by its own text: endpoints on three sides are admitted, added and moved to Secure-Only
behind nginx, HAProxy and Caddy, and nobody is told an address or a port on which nobody listens."""

import http.client
import re
import ssl
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.device import Device
from tests.acceptance.prepared import Prepared
from tests.acceptance.processes import Server, eventually
from tests.acceptance.proxied import (
    INTERNAL,
    PASSWORD,
    PROXIES,
    PUBLIC,
    ROOMS,
    USUAL,
    Room,
    Site,
    demand,
)

pytestmark = pytest.mark.acceptance

CONNECTIVITY = {
    "lan": "reachable_on_lan",
    "public": "reachable_on_public_internet",
    "behind-firewall": "behind_firewall",
}
PATIENCE = 60


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PROXIES)
def test_by_the_text_of_the_page_alone(name: str, prepared: Prepared, tmp_path: Path) -> None:
    """One server, proxy and fleet for all that is asked of them: each takes seconds to start."""
    demand(name)
    with ExitStack() as stack:
        site = Site(name, prepared, tmp_path, stack)
        _check_admitted_added_and_moved(site)
        _check_that_made_up_headers_are_not_believed(site)
        _check_documents_at_the_limit(site)
        _check_pages_and_their_live_stream(site)


def _check_admitted_added_and_moved(site: Site) -> None:
    first = [room for room in ROOMS if room.calls_first]
    for room in first:
        _admit(site, room)
    for room in first:
        _wait_until_proven(site, room)
        # No outside address is set yet: each keeps the one that it used.
        assert {host for _, host, _ in site.told(room)} == {room.server_host}
    site.api("PATCH", "network-settings", {
        "outside": {"internal": {"host": INTERNAL}, "public": {"host": PUBLIC}},
        "phone_books": {"always": True},
    })  # fmt: skip
    for room in first:
        site.act(room, "boot")
        _wait_until_decided(site, room)
    _add(site, [room for room in ROOMS if not room.calls_first])
    for room in ROOMS:
        _wait_until_decided(site, room)
        _wait_until_told(site, room)
    _move(site)
    listened_on = {(scheme, host, port) for host in (INTERNAL, PUBLIC) for scheme, port in USUAL.items()}
    for room in ROOMS:
        told = site.told(room)
        # One whose probe took too long may have been told the other side's address for a moment; a wrong one never.
        assert {(scheme, room.server_host, port) for scheme, port in USUAL.items()} <= told <= listened_on, (
            room,
            site.show(room)["told"],
        )
    assert all(site.serves(*place) for place in listened_on)
    # What was told by each way that there is: settings, feedback, phone book, and what was called.
    kinds = {where.partition("[")[0].partition("/")[0] for where in site.show(ROOMS[3])["told"]}
    assert kinds >= {"Provisioning", "HttpFeedback", "Phonebook", "called"}


def _check_that_made_up_headers_are_not_believed(site: Site) -> None:
    room = ROOMS[2]
    made_up = {
        "X-Forwarded-For": "192.0.2.66", "X-Forwarded-Host": "elsewhere.example.org", "X-Forwarded-Proto": "https",
        "Forwarded": "for=192.0.2.66;proto=https;host=elsewhere.example.org",
    }  # fmt: skip
    stranger = Device(f"http://{PUBLIC}", serial="FTTMADEUP01", mac="02:5C:00:00:99:01", source=room.address)
    reply = site.from_rooms(lambda: stranger.event("Boot", headers=made_up))
    assert reply.status == 200
    (found,) = site.items(f"systems?state=all&serial_number={stranger.serial}")
    assert found["source_address"] == room.address
    entry = next(one for one in site.items(f"systems/{found['id']}/timeline") if one["has_exchange"])
    assert site.api("GET", f"systems/{found['id']}/timeline/{entry['id']}")["scheme"] == "http"


def _check_documents_at_the_limit(site: Site) -> None:
    room = ROOMS[0]
    secret = site.show(room)["configuration"]["Provisioning/ExternalManager/Path"].rpartition("/")[2]
    device = Device(
        f"https://{INTERNAL}", serial=room.serial, source=room.address, reported=room.address, secret=secret
    )
    assert site.from_rooms(lambda: device.document("/Status", device.status("<X/>" * 500_000))).status == 200
    try:
        reply = site.from_rooms(lambda: device.document("/Status", device.status("<X/>" * 2_600_000)))
    except OSError:
        # As the page says: these stop reading once they have the answer, and end the connection.
        assert site.name in ("haproxy", "caddy")
    else:
        assert (reply.status, reply.body) == (413, b"The body is too large.\n")
    assert site.from_rooms(lambda: device.document("/Status", device.status())).status == 200


def _check_pages_and_their_live_stream(site: Site) -> None:
    cookies, page = _sign_in(site)
    assert "Sign out" in page
    name = "Named while looked at"

    def look() -> bytes:
        connection = _https()
        connection.request("GET", "/events", headers={"Cookie": cookies})
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
        assert answer.readline() == b"retry: 3000\n"
        system = site.system(ROOMS[0]) or {}
        site.api("PATCH", f"systems/{system['id']}", {"name": name})
        # Comes while the stream is open, or the connection's limit of time ends the test.
        while not (line := answer.readline()).startswith(b"data:"):
            assert line
        connection.close()
        return line

    assert b'"topic"' in site.from_rooms(look)


def _admit(site: Site, room: Room) -> None:
    def is_there() -> Any:
        found = site.system(room)
        return found and found["state"] == "pending" and found

    found = eventually(is_there, f"{room.serial} in the inbox", seconds=PATIENCE)
    site.api("POST", f"systems/{found['id']}/approve", {"source": room.address})
    site.api("PATCH", f"systems/{found['id']}", {"username": "admin", "password": PASSWORD})


def _wait_until_proven(site: Site, room: Room) -> None:
    def is_proven() -> bool:
        found = site.system(room) or {}
        path = site.show(room)["configuration"]["Provisioning/ExternalManager/Path"]
        return (
            found.get("alive") == "yes" and not path.endswith(".asmx") and "called" in site.show(room)["told"]
        )

    eventually(is_proven, f"{room.serial} uses its secret", seconds=PATIENCE)


def _wait_until_decided(site: Site, room: Room) -> None:
    def is_decided() -> bool:
        found = site.system(room) or {}
        return bool(found.get("connectivity") == CONNECTIVITY[room.mode] and found["alive"] == "yes")

    eventually(is_decided, f"{room.serial} is {CONNECTIVITY[room.mode]}", seconds=PATIENCE)


def _wait_until_told(site: Site, room: Room) -> None:
    """That its manager is at the address of its side."""

    def is_told() -> bool:
        settings = site.show(room)["configuration"]
        return bool(settings["Provisioning/ExternalManager/Address"] == room.server_host)

    eventually(is_told, f"{room.serial} calls {room.server_host}", seconds=PATIENCE)


def _add(site: Site, rooms: list[Room]) -> None:
    """By their addresses, with a login, as on the page *Add systems*."""
    jobs = [
        site.api("POST", "systems/scan", {
            "addresses": room.address, "logins": [{"username": "admin", "password": PASSWORD}],
            "connectivity": CONNECTIVITY[room.mode],
        }, expect=202)["id"]
        for room in rooms
    ]  # fmt: skip
    for job in jobs:
        done = eventually(
            lambda job=job: (
                (found := site.api("GET", f"jobs/{job}"))["state"] in ("done", "failed") and found
            ),
            "it is added",
            seconds=PATIENCE,
        )
        assert done["state"] == "done", done


def _move(site: Site) -> None:
    for host in (INTERNAL, PUBLIC):
        # Roomkeeper's own certificate follows Network settings; that of a proxy is as it is.
        eventually(lambda host=host: site.is_trusted(host), f"a certificate for {host}", seconds=PATIENCE)
    wish = {"filter": {}, "trust": "trusted", "canary": 1, "wave_size": 10}

    def is_planned() -> bool:
        plan = site.api("POST", "secure-only-moves", {**wish, "dry_run": True})
        return [one["verdict"] for one in plan["members"]] == ["move"] * len(ROOMS)

    eventually(is_planned, "all can move", seconds=PATIENCE)
    move = site.api("POST", "secure-only-moves", wish, expect=202)["id"]

    def has_ended() -> bool:
        for room in ROOMS:
            site.act(room, "post")
        return bool(site.api("GET", f"secure-only-moves/{move}")["state"] in ("done", "paused"))

    eventually(has_ended, "the end of the move", seconds=3 * PATIENCE, every=0.5)
    members = site.items(f"secure-only-moves/{move}/members")
    assert [(one["state"], one["reason"]) for one in members] == [("moved", "")] * len(ROOMS), members
    for room in ROOMS:
        settings = site.show(room)["configuration"]
        assert settings["Provisioning/ExternalManager/Protocol"] == "HTTPS"


def _https() -> http.client.HTTPSConnection:
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(INTERNAL, timeout=PATIENCE, context=anybody)


def _sign_in(site: Site) -> tuple[str, str]:
    """The cookies of a person, and the first page that she is shown."""

    def act() -> tuple[str, str]:
        connection = _https()
        connection.request("GET", "/sign-in/")
        answer = connection.getresponse()
        form = answer.read().decode()
        jar = _cookies(answer)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert token is not None
        body = f"csrfmiddlewaretoken={token[1]}&login=boss&password={Server.PASSWORD}"
        headers = {
            "Content-Type": "application/x-www-form-urlencoded", "Cookie": _joined(jar),
            "Origin": f"https://{INTERNAL}", "Referer": f"https://{INTERNAL}/sign-in/",
        }  # fmt: skip
        connection.request("POST", "/sign-in/", body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 302, answer.status
        jar |= _cookies(answer)
        connection.request("GET", answer.headers["Location"], headers={"Cookie": _joined(jar)})
        page = connection.getresponse().read().decode()
        connection.close()
        return _joined(jar), page

    return site.from_rooms(act)  # type: ignore[no-any-return]


def _cookies(answer: http.client.HTTPResponse) -> dict[str, str]:
    made = (one.partition(";")[0].partition("=") for one in answer.headers.get_all("Set-Cookie", []))
    return {name: value for name, _, value in made}


def _joined(jar: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in jar.items())
