"""The xAPI as JSON-RPC over a WebSocket (protocol notes E)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from roomkeeper.virtual.commands import run as run_command
from roomkeeper.virtual.configuration import SettingRefused, UnknownSetting
from roomkeeper.virtual.device import DeviceUser
from roomkeeper.virtual.paths import Step, order, split
from roomkeeper.virtual.wire_out import place
from roomkeeper.virtual.xml_in import PostedCall
from roomkeeper.virtual.xml_out import Result

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint
    from roomkeeper.virtual.websocket import WebSocket

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
COMMAND_ERROR, PERMISSION_DENIED, SUBSCRIBERS_EXCEEDED = 1, -31999, -31998

_MAX_SUBSCRIPTIONS = 50
_TEXTUAL = (
    "Version",
    "SerialNumber",
    "Name",
    "Number",
    "Id",
    "ID",
    "DisplayName",
    "HardwareInfo",
    "RemoteNumber",
)

Query = tuple[str, ...]


class RpcError(Exception):
    """An error answer."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


@dataclass(slots=True)
class Subscription:
    """One xFeedback subscription: query words, lower case; a number is an item."""

    id: int
    query: Query


def json_value(path: str, value: str) -> Any:
    """Numbers are JSON numbers, everything else strings (protocol notes E)."""
    digits = value.removeprefix("-")
    is_number = (
        digits.isascii() and digits.isdigit() and len(digits) < 16 and (digits == "0" or digits[0] != "0")
    )
    if not is_number or path.rpartition("/")[2].partition("[")[0] in _TEXTUAL:
        return value
    return int(value)


def _words(path: Any) -> Query:
    """A path as a list of words: `["Status", "Network", 1]`, `["Status/Network[1]"]` and `"Status/Network"`."""
    if isinstance(path, str):
        path = path.replace("/", " ").split()
    if not isinstance(path, list) or not path or not all(isinstance(one, (str, int)) for one in path):
        raise RpcError(INVALID_PARAMS, "Invalid params: give a path")
    words: list[str] = []
    for one in path:
        for part in str(one).split("/"):
            name, bracket, item = part.partition("[")
            words += [name.lower()] + ([item.rstrip("]")] if bracket else [])
    return tuple(word for word in words if word)


def matches(query: Query, steps: tuple[Step, ...], *, above: bool = False) -> bool:
    """Whether a node is at or below the query's; with `above` also when it is over it."""
    if not query:
        return True
    if not steps:
        return above and all(word != "**" for word in query)
    head = query[0]
    if head == "**":
        return any(matches(query[1:], steps[skip:], above=above) for skip in range(len(steps)))
    name, item = steps[0]
    if head not in ("*", name.lower()):
        return False
    rest = query[1:]
    if rest and (rest[0].isdigit() or rest[0] == "*") and item is not None:
        if rest[0] not in ("*", str(item)):
            return False
        rest = rest[1:]
    return matches(rest, steps[1:], above=above)


def tree_of(facts: dict[str, str]) -> dict[str, Any]:
    """A JSON tree; list members carry `"id"`."""
    tree: dict[str, Any] = {}
    for path, value in sorted(facts.items(), key=lambda one: order(one[0])):
        place(tree, split(path), json_value(path, value))
    return tree


def json_result(result: Result) -> dict[str, Any]:
    """A command's data as JSON."""

    def convert(name: str, value: Any) -> Any:
        if isinstance(value, str):
            return json_value(name, value)
        if isinstance(value, Mapping):
            return {key: convert(key, inner) for key, inner in value.items()}
        return [{"id": str(number), **convert(name, one)} for number, one in enumerate(value, 1)]

    return {name: convert(name, value) for name, value in result.items()}


class RpcSession:
    """One signed-in client."""

    def __init__(self, endpoint: VirtualEndpoint, user: DeviceUser) -> None:
        self._endpoint = endpoint
        self._device = endpoint.device
        self._user = user
        self._subscriptions: dict[int, Subscription] = {}
        self._next_id = 1
        self.socket: WebSocket | None = None

    def open(self, socket: WebSocket) -> None:
        """Listen to the device for this client."""
        self.socket = socket
        socket.on_closed = self.close
        self._device.subscribe(self._happened)

    def close(self) -> None:
        """The client has gone."""
        if self.socket is not None:
            self.socket = None
            self._device.unsubscribe(self._happened)

    async def handle(self, text: str) -> None:
        """Answer one frame: one JSON-RPC object."""
        identifier: Any = None
        try:
            try:
                message = json.loads(text)
            except ValueError:
                raise RpcError(PARSE_ERROR, "Parse error") from None
            if not isinstance(message, dict) or not isinstance(message.get("method"), str):
                raise RpcError(INVALID_REQUEST, "Invalid Request")
            identifier = message.get("id")
            params = message.get("params")
            result = await self._call(message["method"], params if isinstance(params, dict) else {})
        except RpcError as error:
            problem: dict[str, Any] = {"code": error.code, "message": str(error)}
            if error.data is not None:
                problem["data"] = error.data
            self._send({"jsonrpc": "2.0", "id": identifier, "error": problem})
            return
        self._send({"jsonrpc": "2.0", "id": identifier, "result": result})
        if isinstance(result, dict) and message["method"] == "xFeedback/Subscribe" and "id" in message:
            self._notify_current(result["Id"], message.get("params") or {})

    def _send(self, message: dict[str, Any]) -> None:
        if self.socket is not None:
            self.socket.send(json.dumps(message))

    async def _call(self, method: str, params: dict[str, Any]) -> Any:
        if method == "xGet":
            return self._get(_words(params.get("Path")))
        if method == "xQuery":
            return self._query(_words(params.get("Query")))
        if method == "xSet":
            return self._set(params)
        if method == "xFeedback/Subscribe":
            return self._subscribe(params)
        if method == "xFeedback/Unsubscribe":
            return self._unsubscribe(params)
        if method.startswith("xCommand/"):
            return await self._command(method.removeprefix("xCommand/"), params)
        raise RpcError(METHOD_NOT_FOUND, "Method not found")

    # Reading and writing

    def _facts(self, root: str) -> dict[str, str]:
        if root == "status":
            return self._device.status.as_dict()
        if root == "configuration":
            return self._device.configuration.as_dict()
        raise RpcError(INVALID_PARAMS, "Invalid params: the path begins with Status or Configuration")

    def _get(self, words: Query) -> Any:
        facts = {
            path: value for path, value in self._facts(words[0]).items() if matches(words[1:], split(path))
        }
        if not facts:
            if words[0] == "configuration":
                raise RpcError(INVALID_PARAMS, "No match on address expression")
            return None
        here: Any = tree_of(facts)
        for word in words[1:]:
            if isinstance(here, list):
                if word.isdigit():
                    here = next((one for one in here if one["id"] == word), None)
                    continue
                here = here[0]
            if not isinstance(here, dict):
                return here
            here = next((value for name, value in here.items() if name.lower() == word), None)
        return here

    def _query(self, words: Query) -> Any:
        if words == ("**",):
            raise RpcError(INVALID_PARAMS, "Invalid params: ** cannot stand alone")
        roots = ("status", "configuration") if words[0] == "**" else (words[0],)
        answer = {}
        for root in roots:
            rest = words if words[0] == "**" else words[1:]
            facts = {path: value for path, value in self._facts(root).items() if matches(rest, split(path))}
            if facts:
                answer[root.capitalize()] = tree_of(facts)
        return answer

    def _set(self, params: dict[str, Any]) -> bool:
        words = _words(params.get("Path"))
        if "Admin" not in self._user.roles:
            raise RpcError(PERMISSION_DENIED, "Permission denied")
        if words[0] != "configuration":
            raise RpcError(INVALID_PARAMS, "Invalid params: only Configuration can be set")
        path = " ".join(words[1:])
        try:
            self._device.configuration.set(path, _text(params.get("Value", "")))
        except UnknownSetting:
            raise RpcError(INVALID_PARAMS, "No match on address expression") from None
        except SettingRefused as refused:
            raise RpcError(INVALID_PARAMS, refused.reason) from None
        return True

    async def _command(self, path: str, params: dict[str, Any]) -> Any:
        call = PostedCall(path.replace(" ", "/"))
        for name, value in params.items():
            if name.lower() == "body":
                call.body = _text(value)
            else:
                call.arguments[name] = (
                    [_text(one) for one in value] if isinstance(value, list) else [_text(value)]
                )
        outcome = await run_command(self._endpoint, call, self._user.roles)
        if outcome.kind == "unknown":
            raise RpcError(METHOD_NOT_FOUND, "Method not found")
        if outcome.kind == "bad_parameters":
            raise RpcError(INVALID_PARAMS, outcome.reason)
        if outcome.kind == "forbidden":
            raise RpcError(PERMISSION_DENIED, "Permission denied")
        if outcome.kind == "error":
            raise RpcError(COMMAND_ERROR, outcome.reason, {"Cause": outcome.cause})
        return json_result(outcome.data) or {"status": "OK"}

    # Feedback

    def _subscribe(self, params: dict[str, Any]) -> dict[str, int]:
        query = _words(params.get("Query"))
        if len(self._subscriptions) >= _MAX_SUBSCRIPTIONS:
            raise RpcError(SUBSCRIBERS_EXCEEDED, "Subscriber count exceeded")
        subscription = Subscription(self._next_id, query)
        self._next_id += 1
        self._subscriptions[subscription.id] = subscription
        return {"Id": subscription.id}

    def _notify_current(self, identifier: int, params: dict[str, Any]) -> None:
        if params.get("NotifyCurrentValue") is not True:
            return
        query = self._subscriptions[identifier].query
        if query[0] in ("status", "configuration"):
            facts = {p: v for p, v in self._facts(query[0]).items() if matches(query[1:], split(p))}
            if facts:
                self._notify(identifier, {query[0].capitalize(): tree_of(facts)})

    def _unsubscribe(self, params: dict[str, Any]) -> bool:
        identifier = params.get("Id")
        if not isinstance(identifier, int) or self._subscriptions.pop(identifier, None) is None:
            raise RpcError(INVALID_PARAMS, "Unknown subscription Id", {"Id": identifier})
        return True

    def _happened(self, root: str, changed: dict[str, str], ghosts: tuple[str, ...]) -> None:
        for one in list(self._subscriptions.values()):
            query = one.query[1:] if one.query[0] != "**" else one.query
            if one.query[0] not in ("**", root.lower()):
                continue
            wanted = {path: value for path, value in changed.items() if matches(query, split(path))}
            tree = tree_of(wanted)
            for node in ghosts:
                if matches(query, split(node), above=True):
                    place(tree, (*split(node), ("ghost", None)), "True")
            if tree:
                self._notify(one.id, {root: tree})

    def _notify(self, identifier: int, content: dict[str, Any]) -> None:
        self._send({"jsonrpc": "2.0", "method": "xFeedback/Event", "params": {"Id": identifier, **content}})


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "True" if value else "False"
    return "" if value is None else str(value)
