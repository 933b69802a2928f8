"""A JSON API on loopback to see and steer a running fleet: for tests, the demo, and people who try things."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

from aiohttp import web

from roomkeeper.virtual.commands import run as run_command
from roomkeeper.virtual.configuration import SettingRefused, UnknownSetting
from roomkeeper.virtual.endpoint import VirtualEndpoint
from roomkeeper.virtual.fleet import Fleet
from roomkeeper.virtual.xml_in import Call

_FLEET: web.AppKey[Fleet] = web.AppKey("fleet", Fleet)


class NotLoopback(ValueError):
    """The control API has no login: it is served on loopback addresses only."""


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
    """GET /endpoints/{serial}: what it is, its settings and status, and its last posts."""
    endpoint = _endpoint(request)
    return web.json_response(
        {
            **endpoint.as_json(),
            "configuration": endpoint.device.configuration.as_dict(),
            "status": endpoint.device.status.as_dict(),
            "bookings": endpoint.device.shelf.bookings,
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
    call = Call(str(data.get("path", "")), arguments, None if body is None else str(body))
    outcome = await run_command(endpoint, call)
    return web.json_response(
        {"kind": outcome.kind, "reason": outcome.reason, "cause": outcome.cause, "data": outcome.data},
        status=200 if outcome.kind == "ok" else 422,
    )


async def boot(request: web.Request) -> web.Response:
    """POST /endpoints/{serial}/boot: restart it."""
    _endpoint(request).restart_soon()
    return web.json_response({}, status=202)


async def post(request: web.Request) -> web.Response:
    """POST /endpoints/{serial}/post {"event": "Beat"}: phone home now."""
    endpoint, data = _endpoint(request), await _body(request)
    endpoint.manager.post_soon(str(data.get("event", "Beat")))
    return web.json_response({}, status=202)


def application(fleet: Fleet) -> web.Application:
    """The API over a fleet."""
    app = web.Application()
    app[_FLEET] = fleet
    app.add_routes(
        [
            web.get("/endpoints", list_endpoints),
            web.get("/endpoints/{serial}", show_endpoint),
            web.post("/endpoints/{serial}/configuration", set_configuration),
            web.post("/endpoints/{serial}/status", set_status),
            web.post("/endpoints/{serial}/command", run),
            web.post("/endpoints/{serial}/boot", boot),
            web.post("/endpoints/{serial}/post", post),
        ]
    )
    return app


async def serve(fleet: Fleet, host: str, port: int) -> tuple[web.AppRunner, int]:
    """Serve the control API; the runner (to clean up) and the port.  Raises NotLoopback, OSError."""
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise NotLoopback(f"{host} is not a loopback address")
    runner = web.AppRunner(application(fleet), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    port = runner.addresses[0][1]
    return runner, port
