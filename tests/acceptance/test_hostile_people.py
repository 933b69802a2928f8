"""Hostile people at the sign-in, with tokens, streams and scans (issue S.5), with rows and answers counted."""

import http.client
import json
import os
import re
import socket
import time
from collections import Counter
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.acceptance.device import _TRUSTS_ANYBODY
from tests.acceptance.processes import Api, Program, Server, eventually

pytestmark = pytest.mark.acceptance

PASSWORD, OTHER = "Quiet-Harbour-31", "Quiet-Harbour-32"
ATTACKER, HOME, CROWD = "127.9.1.1", "127.9.1.2", "127.9.1.3"
# CPU seconds of a wrong sign-in, Argon2 and the page together.
COST = 0.3


class Visitor:
    """A browser at an address of its own."""

    def __init__(self, server: Server, source: str) -> None:
        where = urlsplit(server.https)
        self.origin = server.https
        self._host, self._port = where.hostname or "", where.port
        self._source = source
        self._cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """One request; status and text."""
        connection, answer = self.begin(method, path, form)
        try:
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def begin(
        self, method: str, path: str, form: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPSConnection, http.client.HTTPResponse]:
        """One request whose answer is not read yet."""
        connection = http.client.HTTPSConnection(
            self._host, self._port, timeout=60, context=_TRUSTS_ANYBODY, source_address=(self._source, 0)
        )
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self._cookies.items()), "Referer": self.origin}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, urlencode(form) if form is not None else None, headers)
        answer = connection.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self._cookies |= {one.key: one.value for one in SimpleCookie(value).values()}
        return connection, answer

    def sign_in(self, name: str, password: str) -> int:
        """The status of a try: 302 where it is right."""
        _, page = self.ask("GET", "/sign-in/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page[:500]
        form = {"csrfmiddlewaretoken": token[1], "login": name, "password": password}
        return self.ask("POST", "/sign-in/", form)[0]


def test_hostile_people_are_held_off_counted_and_told(server_on_each_database: Server) -> None:
    """One server a database for all of it: what one of them leaves behind must not help the next."""
    server = server_on_each_database
    program, api = server.start_with_administrator()
    folder = api("POST", "folders", {"name": "Oslo"}, expect=201)["id"]
    eve = api("POST", "users", {
        "name": "eve", "password": PASSWORD, "must_change_password": False,
        "roles": [{"folder": folder, "role": "administrator"}],
    }, expect=201)["id"]  # fmt: skip
    _nobody_locks_another_out(server, api)
    _a_wrong_sign_in_costs_little(server, program)
    _no_scan_reaches_loopback_or_ourselves(server, api, folder)
    _a_stream_ends_with_the_right(server, api, eve, folder)
    _tokens_end_with_a_reset(server, api, eve)


def _nobody_locks_another_out(server: Server, api: Api) -> None:
    attacker = Visitor(server, ATTACKER)
    assert [attacker.sign_in("eve", f"guess {number}") for number in range(5)] == [200] * 5
    assert attacker.sign_in("eve", PASSWORD) == 429
    assert Visitor(server, HOME).sign_in("eve", PASSWORD) == 302
    rows = [row for row in api.items("audit") if row["source_address"] in (ATTACKER, HOME)]
    assert Counter((row["act"], row["source_address"]) for row in rows) == {
        ("sign in refused", ATTACKER): 6,
        ("lock out", ATTACKER): 1,
        ("sign in", HOME): 1,
    }
    told = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    logged = Counter((one["event"], one.get("source_address")) for one in told if one.get("name") == "eve")
    assert logged["sign in refused", ATTACKER] == 6
    assert logged["sign in", HOME] == 1
    assert "guess" not in server.log
    locked = api.items("lock-outs")
    assert [(one["user"], one["source"]) for one in locked] == [("eve", ATTACKER)]
    api("POST", f"lock-outs/{locked[0]['id']}/unlock", expect=204)
    assert attacker.sign_in("eve", PASSWORD) == 302


def _a_wrong_sign_in_costs_little(server: Server, program: Program) -> None:
    crowd, tries = Visitor(server, CROWD), 8
    before = _cpu_seconds(program)
    statuses = [crowd.sign_in(f"nobody{number}", "x") for number in range(tries)]
    spent = (_cpu_seconds(program) - before) / tries
    print(f"a wrong sign-in costs {spent:.3f} s of CPU")
    assert set(statuses) <= {200, 429}
    assert spent <= COST


def _no_scan_reaches_loopback_or_ourselves(server: Server, api: Api, folder: int) -> None:
    api("PATCH", "network-settings", {"contactable_networks": []})
    local = Api(server.http, server.cli("token", "create", "eve").strip().splitlines()[-1])
    with socket.create_server(("127.9.9.9", 0)) as listening:
        listening.setblocking(False)
        opened = listening.getsockname()[1]
        asked = {"127.9.9.9": opened, "127.9.9.8": 1, "169.254.9.9": 443, "127.0.0.1": server.https_port}
        told = []
        for address, port in asked.items():
            body = {"addresses": address, "folder": folder, "http_port": port, "https_port": port}
            job = local("POST", "systems/scan", body, expect=202)["id"]
            eventually(lambda job=job: local("GET", f"jobs/{job}")["ended_at"], "the scan's end", seconds=60)
            for item in local.items(f"jobs/{job}/items"):
                told.append(_without(item, address, port))
        with pytest.raises(BlockingIOError):
            listening.accept()
    assert told
    assert len({json.dumps(one) for one in told}) == 1, told
    assert not api.items("systems?state=all")


def _without(item: dict[str, Any], address: str, port: int) -> list[str]:
    """What is told of an address, without the address."""
    return [
        str(item[name]).replace(address, "A").replace(str(port), "P")
        for name in ("state", "summary", "advice")
    ]


def _a_stream_ends_with_the_right(server: Server, api: Api, eve: int, folder: int) -> None:
    visitor = Visitor(server, HOME)
    assert visitor.sign_in("eve", PASSWORD) == 302
    connection, answer = visitor.begin("GET", "/events")
    assert answer.status == 200
    assert answer.readline()
    api("PUT", f"users/{eve}/roles", {"roles": []})
    began = time.monotonic()
    answer.read()
    print(f"an event stream ended {time.monotonic() - began:.1f} s after the right was lost")
    connection.close()
    assert visitor.ask("GET", "/events")[0] == 403
    api("PUT", f"users/{eve}/roles", {"roles": [{"folder": folder, "role": "administrator"}]})


def _tokens_end_with_a_reset(server: Server, api: Api, eve: int) -> None:
    mother = Api(server.http, server.cli("token", "create", "eve").strip().splitlines()[-1])
    made = mother(
        "POST", "tokens", {"name": "reader", "is_read_only": True, "expires_in_days": 3650}, expect=201
    )
    mine = {one["id"]: one for one in mother.items("tokens")}
    assert all(one["expires_at"] for one in mine.values())
    assert made["expires_at"] <= max(one["expires_at"] for key, one in mine.items() if key != made["id"])
    reader = Api(server.http, made["token"])
    reader("GET", "systems")
    reader("POST", "folders", {"name": "Mine"}, expect=403)
    # Her own new password leaves her tokens; one that somebody else gives ends them.
    api("PATCH", f"users/{eve}", {"password": OTHER})
    assert [one.raw("GET", "/api/v1/me").status for one in (mother, reader)] == [401, 401]
    assert Visitor(server, HOME).sign_in("eve", PASSWORD) == 200


def _cpu_seconds(program: Program) -> float:
    words = Path(f"/proc/{program.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
