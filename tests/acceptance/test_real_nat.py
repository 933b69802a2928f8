"""Rule R1 with a real router between: the source address is rewritten, nothing gets in from outside."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.namespaces import Namespaces, demand_namespaces, inside, masquerade, run
from tests.acceptance.processes import Fleet, Server, eventually

pytestmark = pytest.mark.acceptance

SERVER_PUBLIC, SERVER_INTERNAL = "10.99.1.1", "10.99.2.1"
ROUTER, HOME, OFFICE = "10.99.1.2", "192.168.44.2", "10.99.2.2"
PASSWORD = "device-password-4"


@pytest.fixture
def networks() -> Iterator[dict[str, str]]:
    """server - router - home, and server - office: namespaces by word."""
    demand_namespaces()
    made = Namespaces()
    try:
        names = {word: made.add(word) for word in ("server", "router", "home", "office")}
        outside = made.connect(names["router"], f"{ROUTER}/24", names["server"], f"{SERVER_PUBLIC}/24")
        made.connect(names["router"], "192.168.44.1/24", names["home"], f"{HOME}/24")
        made.connect(names["server"], f"{SERVER_INTERNAL}/24", names["office"], f"{OFFICE}/24")
        run("ip", "-n", names["home"], "route", "add", "default", "via", "192.168.44.1")
        masquerade(names["router"], outside)
        yield names
    finally:
        made.delete()


class Away:
    """Calls a method of something inside a namespace."""

    def __init__(self, namespace: str, target: Any) -> None:
        self._namespace = namespace
        self._target = target

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *words, **named: inside(
            self._namespace, lambda: getattr(self._target, name)(*words, **named)
        )

    def __call__(self, *words: Any, **named: Any) -> Any:
        return inside(self._namespace, lambda: self._target(*words, **named))


def test_behind_a_real_router_it_is_behind_firewall_and_still_gets_its_setting(
    networks: dict[str, str], make_new_server: Callable[..., Server], tmp_path: Path
) -> None:
    server = make_new_server()
    listeners = [f"{host}:80" for host in ("127.0.0.1", SERVER_PUBLIC, SERVER_INTERNAL)]
    words = [word for where in listeners for word in ("--http", where)]
    words += ["--https", f"{SERVER_PUBLIC}:443", "--https", f"{SERVER_INTERNAL}:443"]
    within = ["ip", "netns", "exec"]
    fleets: list[Fleet] = []
    try:
        server.start("serve", *words, prefix=[*within, networks["server"]])
        api = Away(networks["server"], server.administrator("http://127.0.0.1:80"))
        api("PATCH", "network-settings", {
            "internal": {"ipv4": SERVER_INTERNAL}, "public": {"ipv4": SERVER_PUBLIC},
            "heartbeat": {"idle": 10, "waiting": 2, "watched": 2, "admitted": 2, "unknown": 2},
        })  # fmt: skip
        for place, address, manager in (("home", HOME, SERVER_PUBLIC), ("office", OFFICE, SERVER_INTERNAL)):
            serial = f"FTT{place.upper():0<8}"
            api("POST", "systems", {
                "serial_number": serial, "network": "10.99.0.0/16", "username": "admin", "password": PASSWORD,
            }, expect=201)  # fmt: skip
            folder = tmp_path / place
            folder.mkdir()
            plan = {
                "name": place, "serial": serial, "mac": f"02:5B:00:00:00:0{len(fleets)}", "address": address,
                "reported_address": address, "manager": f"http://{manager}", "http_port": 80, "https_port": 443,
                "password": PASSWORD, "heartbeat": 2, "verify": False,
            }  # fmt: skip
            fleets.append(Fleet(folder, [plan], prefix=[*within, networks[place]]))
        home = _decided(api, "FTTHOME0000")
        office = _decided(api, "FTTOFFICE00")
        assert (home["connectivity"], office["connectivity"]) == ("behind_firewall", "reachable_on_lan")
        change = api.items(f"systems/{home['id']}/connectivity-changes")[0]
        assert (change["reported_address"], change["source_address"]) == (HOME, ROUTER)
        assert change["probe"] == "silent"
        wish = {"systems": [home["id"], office["id"]], "settings": {"SystemUnit/Name": "Reached"}}
        asked = api("POST", "change-sets", wish, expect=202)["id"]
        eventually(lambda: api("GET", f"change-sets/{asked}")["state"] == "confirmed", "both names confirmed")
        for fleet, place, serial in zip(
            fleets, ("home", "office"), ("FTTHOME0000", "FTTOFFICE00"), strict=True
        ):
            assert Away(networks[place], fleet).show(serial)["name"] == "Reached"
    finally:
        for fleet in fleets:
            fleet.stop()
        server.stop()


def _decided(api: Any, serial: str) -> dict[str, Any]:
    def find() -> dict[str, Any] | None:
        system = api.system(serial)
        return system if system and system["connectivity"] else None

    return eventually(find, f"{serial} decided by R1") or {}
