"""A JSON API on loopback to see and steer a running fleet: for tests, the demo, and people who try things."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from yarl import URL

from roomkeeper.virtual import panel, peripherals
from roomkeeper.virtual.commands import run as run_command
from roomkeeper.virtual.configuration import SettingRefused, UnknownSetting
from roomkeeper.virtual.endpoint import VirtualEndpoint
from roomkeeper.virtual.faults import BadFault
from roomkeeper.virtual.fleet import Fleet
from roomkeeper.virtual.xml_in import PostedCall

_FLEET: web.AppKey[Fleet] = web.AppKey("fleet", Fleet)


class NotLoopback(ValueError):
    """The control API has no login: it is served on loopback addresses only."""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _problem(status: int, detail: str) -> web.Response:
    return web.json_response({"detail": detail}, status=status)


def _endpoint(request: web.Request) -> VirtualEndpoint:
    found = request.app[_FLEET].find(request.match_info["serial"])
    if found is None:
        raise web.HTTPNotFound(
            text=json.dumps({"detail": "no such endpoint"}), content_type="application/json"
        )
    return found


async def _body(request: web.Request) -> dict[str, Any]:
    if not request.can_read_body:
        return {}
    try:
        data = await request.json()
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise web.HTTPBadRequest(
            text=json.dumps({"detail": "give a JSON object"}), content_type="application/json"
        )
    return data


async def list_endpoints(request: web.Request) -> web.Response:
    """GET /endpoints."""
    return web.json_response({"items": [one.as_json() for one in request.app[_FLEET]]})


async def show_endpoint(request: web.Request) -> web.Response:
    """GET /endpoints/{serial}: what it is, its settings and status, what addresses it was told, its last posts."""
    endpoint = _endpoint(request)
    return web.json_response(
        {
            **endpoint.as_json(),
            "configuration": endpoint.device.configuration.as_dict(),
            "status": endpoint.device.status.as_dict(),
            "bookings": endpoint.device.shelf.bookings,
            "told": endpoint.device.shelf.told,
            "posts": [post.as_json() for post in endpoint.manager.posts],
        }
    )


async def set_configuration(request: web.Request) -> web.Response:
    """POST /endpoints/{serial}/configuration {"path": …, "value": …}: as a person at the device would."""
    endpoint, data = _endpoint(request), await _body(request)
    try:
        changed = endpoint.device.configuration.set(str(data.get("path", "")), str(data.get("value", "")))
    except UnknownSetting as error:
        return _problem(404, f"no such setting: {error}")
    except SettingRefused as error:
        return _problem(422, str(error))
    return web.json_response({"changed": changed})


async def set_status(request: web.Request) -> web.Response:
    """POST /endpoints/{serial}/status {"path": …, "value": …}: make something happen in the room."""
    endpoint, data = _endpoint(request), await _body(request)
    endpoint.device.status.set({str(data.get("path", "")): str(data.get("value", ""))})
    return web.json_response({})


async def run(request: web.Request) -> web.Response:
    """POST /endpoints/{serial}/command {"path": "Dial", "arguments": {"Number": "x"}, "body": …}."""
    endpoint, data = _endpoint(request), await _body(request)
    arguments = {
        str(name): [str(one) for one in value] if isinstance(value, list) else [str(value)]
        for name, value in dict(data.get("arguments") or {}).items()
    }
    body = data.get("body")
    call = PostedCall(str(data.get("path", "")), arguments, None if body is None else str(body))
    outcome = await run_command(endpoint, call)
    return web.json_response(
        {"kind": outcome.kind, "reason": outcome.reason, "cause": outcome.cause, "data": outcome.data},
        status=200 if outcome.kind == "ok" else 422,
    )


async def set_fault(request: web.Request) -> web.Response:
    """POST /endpoints/{serial}/faults {"slow_seconds": 3}: throw switches (see `Faults`)."""
    endpoint, data = _endpoint(request), await _body(request)
    try:
        for name, value in data.items():
            endpoint.set_fault(str(name), value)
    except BadFault as error:
        return _problem(422, str(error))
    return web.json_response(endpoint.faults.as_dict())


async def change_peripheral(request: web.Request) -> web.Response:
    """POST /endpoints/{serial}/peripherals {"name": "Touch 10", "type": "TouchPanel", "connected": true}."""
    endpoint, data = _endpoint(request), await _body(request)
    name = str(data.get("name", ""))
    if data.get("connected") is False:
        found = peripherals.lose(endpoint.device, name)
        return web.json_response({}) if found else _problem(404, f"nothing named {name!r} is connected")
    try:
        item = peripherals.connect(endpoint.device, str(data.get("type", "Other")), name)
    except ValueError as error:
        return _problem(422, str(error))
    return web.json_response({"item": item})


async def boot(request: web.Request) -> web.Response:
    """POST /endpoints/{serial}/boot: restart it."""
    _endpoint(request).restart_soon()
    return web.json_response({}, status=202)


async def post(request: web.Request) -> web.Response:
    """POST /endpoints/{serial}/post {"event": "Beat"}: phone home now."""
    endpoint, data = _endpoint(request), await _body(request)
    endpoint.manager.post_soon(str(data.get("event", "Beat")))
    return web.json_response({}, status=202)


async def show_fleet_page(request: web.Request) -> web.Response:
    """GET /: the endpoints for people."""
    return web.Response(text=panel.fleet_page(request.app[_FLEET]), content_type="text/html")


async def show_panel(request: web.Request) -> web.Response:
    """GET /panel/{serial}: an endpoint's touch panel."""
    query = request.query
    text = await panel.panel_page(
        _endpoint(request), query.get("q"), query.get("said", ""), folder=query.get("folder", "")
    )
    return web.Response(text=text, content_type="text/html")


async def set_on_panel(request: web.Request) -> web.Response:
    """POST /panel/{serial}/set: a setting changed by hand."""
    endpoint, form = _endpoint(request), await request.post()
    try:
        endpoint.device.configuration.set(str(form.get("path", "")), str(form.get("value", "")))
        said = "Changed."
    except UnknownSetting:
        said = "There is no such setting."
    except SettingRefused as error:
        said = str(error)
    return _back(endpoint, said)


async def act_on_panel(request: web.Request) -> web.Response:
    """POST /panel/{serial}/do: a button pressed."""
    endpoint, form = _endpoint(request), await request.post()
    act, number = str(form.get("act", "")), str(form.get("call", "0"))
    if act == "beat":
        endpoint.manager.post_soon()
        return _back(endpoint, "Phoning home.")
    calls = {
        "boot": PostedCall(endpoint.profile.dialect.restart_command),
        "wake": PostedCall("Standby/Deactivate"),
        "sleep": PostedCall("Standby/Activate"),
        "later": PostedCall("Provisioning/PostponeUpgrade", {"SecondsToPostpone": ["3600"]}),
        "dial": PostedCall("Dial", {"Number": [str(form.get("number", ""))]}),
        "answer": PostedCall("Call/Accept", {"CallId": [number]}),
        "hang-up": PostedCall("Call/Disconnect", {"CallId": [number]}),
    }
    if act not in calls:
        return _back(endpoint, "There is no such button.")
    outcome = await run_command(endpoint, calls[act])
    return _back(endpoint, "" if outcome.kind == "ok" else outcome.reason)


def _back(endpoint: VirtualEndpoint, said: str) -> web.Response:
    where = URL.build(path=f"/panel/{endpoint.plan.identity.serial}", query={"said": said} if said else {})
    return web.Response(status=303, headers={"Location": str(where)})


@web.middleware
async def only_from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A page elsewhere must not steer the fleet through somebody's browser: no foreign names, no foreign origins."""
    host = request.host.rpartition(":")[0] if request.host.rpartition("]")[2].count(":") else request.host
    is_foreign = host.strip("[]") != "localhost" and not _is_loopback(host.strip("[]"))
    origin = request.headers.get("Origin")
    if is_foreign or (origin not in (None, "null", f"http://{request.host}")):
        return _problem(403, "this is served to this machine only")
    return await handler(request)


def application(fleet: Fleet) -> web.Application:
    """The API over a fleet."""
    app = web.Application(middlewares=[only_from_here])
    app[_FLEET] = fleet
    app.add_routes(
        [
            web.get("/", show_fleet_page),
            web.get("/panel/{serial}", show_panel),
            web.post("/panel/{serial}/set", set_on_panel),
            web.post("/panel/{serial}/do", act_on_panel),
            web.get("/endpoints", list_endpoints),
            web.get("/endpoints/{serial}", show_endpoint),
            web.post("/endpoints/{serial}/configuration", set_configuration),
            web.post("/endpoints/{serial}/status", set_status),
            web.post("/endpoints/{serial}/command", run),
            web.post("/endpoints/{serial}/faults", set_fault),
            web.post("/endpoints/{serial}/peripherals", change_peripheral),
            web.post("/endpoints/{serial}/boot", boot),
            web.post("/endpoints/{serial}/post", post),
        ]
    )
    return app


async def serve(fleet: Fleet, host: str, port: int) -> tuple[web.AppRunner, int]:
    """Serve the control API; the runner (to clean up) and the port.  Raises NotLoopback, OSError."""
    if not _is_loopback(host):
        raise NotLoopback(f"{host} is not a loopback address")
    runner = web.AppRunner(application(fleet), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    port = runner.addresses[0][1]
    return runner, port
