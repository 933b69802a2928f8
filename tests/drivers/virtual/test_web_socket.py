"""The xAPI over a WebSocket, proven by clients that others wrote: Cisco's jsxapi, and xows."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import json

import aiohttp
import pytest
from tests.drivers.virtual.client import run
from tests.drivers.virtual.conftest import Make
from tests.installed import missing, node_with


def ws(endpoint, path: str = "/ws") -> str:  # type: ignore[no-untyped-def]
    return f"ws://{endpoint.plan.identity.address}:{endpoint.http_port}{path}"


def basic(password: str = "roomkeeper") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()}


JSXAPI = """
const jsxapi = require('jsxapi');
const next = (path) => new Promise((done) => path.once(done));
(async () => {
  const xapi = await jsxapi.connect(process.argv[1], {username: 'admin', password: 'roomkeeper'});
  const seen = {};
  seen.version = await xapi.Status.SystemUnit.Software.Version.get();
  seen.address = await xapi.Status.Network[1].IPv4.Address.get();
  const volume = next(xapi.Status.Audio.Volume);
  const name = next(xapi.Config.SystemUnit.Name);
  await new Promise((done) => setTimeout(done, 100));
  seen.command = await xapi.Command.Audio.Volume.Set({Level: 33});
  seen.set = await xapi.Config.SystemUnit.Name.set('From JavaScript');
  seen.volume = await volume;
  seen.name = await name;
  seen.back = await xapi.Config.SystemUnit.Name.get();
  seen.refused = await xapi.Config.Audio.DefaultVolume.set(333).catch((e) => e.code);
  seen.badParameter = await xapi.Command.Audio.Volume.Set({Level: 333}).catch((e) => e.code);
  seen.unknown = await xapi.Command.No.Such.Thing().catch((e) => e.code);
  const ended = new Promise((done) => xapi.Event.CallDisconnect.once(done));
  const dialled = await xapi.Command.Dial({Number: 'busy@example.org'});
  seen.callId = dialled.CallId;
  seen.cause = (await ended).CauseType;
  console.log(JSON.stringify(seen));
  xapi.close();
})().catch((error) => { console.error(error); process.exit(1); });
"""


async def test_jsxapi_unchanged(make_endpoint: Make) -> None:
    node = node_with("jsxapi")
    endpoint = await make_endpoint(profile="room-kit-roomos10")
    code, out, errors = await run(*node, "-e", JSXAPI, "--", ws(endpoint, ""))
    assert code == 0, errors
    seen = json.loads(out)
    assert seen == {
        "version": "ce10.9.1.1.fb66b80147e",
        "address": "127.1.77.1",
        "command": {"status": "OK"},
        "set": True,
        "volume": 33,
        "name": "From JavaScript",
        "back": "From JavaScript",
        "refused": -32602,
        "badParameter": -32602,
        "unknown": -32601,
        "callId": 2,
        "cause": "RemoteBusy",
    }


async def test_xows_unchanged(make_endpoint: Make) -> None:
    if importlib.util.find_spec("xows") is None:
        missing("xows (PyPI)")
    import xows

    endpoint = await make_endpoint(profile="room-kit-roomos10")
    told: asyncio.Queue[object] = asyncio.Queue()

    async def handler(data: object, subscription: int) -> None:
        await told.put((data, subscription))

    async with asyncio.timeout(15), xows.XoWSClient(ws(endpoint), "admin", "roomkeeper") as client:
        assert await client.xGet(["Status", "Audio", "Volume"]) == 50
        found = await client.xQuery(["Status", "**", "DisplayName"])
        assert found["Status"]["SystemUnit"]["Software"]["DisplayName"] == "RoomOS 10.9.1.1 fb66b80147e"
        subscription = await client.subscribe(["Status", "Audio", "Volume"], handler, True)
        assert await told.get() == ({"Status": {"Audio": {"Volume": 50}}}, subscription)
        assert await client.xCommand(["Audio", "Volume", "Set"], Level=60) == {"status": "OK"}
        assert await told.get() == ({"Status": {"Audio": {"Volume": 60}}}, subscription)
        assert await client.xSet(["Configuration", "SystemUnit", "Name"], "From Python") is True
        with pytest.raises(xows.InvalidParameter):
            await client.xCommand(["Audio", "Volume", "Set"], Level=600)
        with pytest.raises(xows.CommandError):
            await client.xCommand(["Call", "Disconnect"])
    assert endpoint.configuration.get("SystemUnit/Name") == "From Python"


async def test_sign_in_by_subprotocol_is_echoed(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="room-kit-roomos10")
    token = "auth-" + base64.urlsafe_b64encode(b"admin:roomkeeper").decode().rstrip("=")
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(ws(endpoint), protocols=[token]) as socket,
    ):
        assert socket.protocol == token
        await socket.send_json(
            {"jsonrpc": "2.0", "id": 7, "method": "xGet", "params": {"Path": ["Status", "Call"]}}
        )
        assert await socket.receive_json() == {"jsonrpc": "2.0", "id": 7, "result": None}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("no json", -32700),
        ("[]", -32600),
        ('{"id": 1, "method": "xNothing"}', -32601),
        ('{"id": 1, "method": "xGet", "params": {"Path": []}}', -32602),
        ('{"id": 1, "method": "xFeedback/Unsubscribe", "params": {"Id": 99}}', -32602),
        ('{"id": 1, "method": "xQuery", "params": {"Query": ["**"]}}', -32602),
    ],
)
async def test_error_codes(make_endpoint: Make, message: str, code: int) -> None:
    endpoint = await make_endpoint(profile="room-kit-roomos10")
    auth = basic()
    async with aiohttp.ClientSession() as session, session.ws_connect(ws(endpoint), headers=auth) as socket:
        await socket.send_str(message)
        assert (await socket.receive_json())["error"]["code"] == code


async def test_list_members_and_ghosts_carry_ids(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="room-kit-roomos10")
    auth = basic()
    async with aiohttp.ClientSession() as session, session.ws_connect(ws(endpoint), headers=auth) as socket:
        await socket.send_json(
            {"id": 1, "method": "xFeedback/Subscribe", "params": {"Query": ["Status", "Call"]}}
        )
        assert (await socket.receive_json())["result"] == {"Id": 1}
        await socket.send_json({"id": 2, "method": "xCommand/Dial", "params": {"Number": "busy@example.org"}})
        events = []
        while not events or "ghost" not in events[-1]:
            message = await asyncio.wait_for(socket.receive_json(), 5)
            if message.get("method") == "xFeedback/Event":
                events.append(message["params"]["Status"]["Call"][0])
        assert events[0]["id"] == "2"
        assert events[0]["Status"] == "Dialling"
        assert events[-1] == {"id": "2", "ghost": "True"}


async def test_wrong_login_and_websocket_off(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="room-kit-roomos10")
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(ws(endpoint), headers=basic("wrong"))
        assert refused.value.status == 403
        endpoint.configuration.set("NetworkServices/Websocket", "Off")
        with pytest.raises(aiohttp.WSServerHandshakeError) as off:
            await session.ws_connect(ws(endpoint), headers=basic())
        assert off.value.status == 404
