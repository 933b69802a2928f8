"""The HTTP API of an endpoint: documents, getxml, putxml, sessions (protocol notes D)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from roomkeeper.virtual import getxml, xml_in, xml_out
from roomkeeper.virtual.commands import CommandOutcome
from roomkeeper.virtual.commands import run as run_command
from roomkeeper.virtual.device import DeviceUser
from roomkeeper.virtual.http_server import HttpRequest, Response, Upgrade
from roomkeeper.virtual.logins import REALM, LoginSession
from roomkeeper.virtual.rate_limit import RateLimit
from roomkeeper.virtual.websocket import WebSocket
from roomkeeper.virtual.xapi_rpc import RpcSession

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint

_DOCUMENTS = {
    "/status.xml": "Status",
    "/configuration.xml": "Configuration",
    "/command.xml": "Command",
    "/valuespace.xml": "Valuespace",
}
SIGN_IN_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form method='post' action='/web/signin/open'>"
    b"<input name='username'><input name='password' type='password'><button>Sign in</button></form></body></html>\n"
)

Route = Callable[["HttpApi", HttpRequest, DeviceUser], Awaitable[Response]]


def xml_response(document: str, status: int = 200) -> Response:
    """An XML answer."""
    return Response(status, document.encode("utf-8", "replace"))


def unauthorized() -> Response:
    """The 401 of a real endpoint (protocol notes D.2)."""
    return Response(
        401,
        b"401 Unauthorized\n",
        "text/plain; charset=UTF-8",
        [("WWW-Authenticate", f'Basic realm="{REALM}"')],
    )


class HttpApi:
    """Routes requests of one endpoint."""

    def __init__(self, endpoint: VirtualEndpoint) -> None:
        self._endpoint = endpoint
        self._device = endpoint.device
        self._rate = RateLimit()

    async def handle(self, request: HttpRequest) -> Response | Upgrade:
        """Answer one request, as the fault switches have it."""
        faults = self._endpoint.faults
        if faults.sign_in_page:
            return Response(200, SIGN_IN_PAGE, "text/html; charset=UTF-8")
        answer = await self._in_its_turn(request)
        if isinstance(answer, Response):
            answer.body, answer.content_type = faults.spoil(answer.body, answer.content_type)
        return answer

    async def _in_its_turn(self, request: HttpRequest) -> Response | Upgrade:
        """Answer when the release's rate has come to it, where it has one."""
        if self._endpoint.is_rate_limited:
            clock = self._endpoint.clock
            seconds = self._rate.wait(request.headers, clock.monotonic())
            if seconds is None:
                return Response(503, b"503 Service Temporarily Unavailable\n", "text/plain; charset=UTF-8")
            if seconds:
                await clock.sleep(seconds)
        return await self._route(request)

    async def _route(self, request: HttpRequest) -> Response | Upgrade:
        path = request.path.rstrip("/") or "/"
        if path in ("/", "/web", "/web/signin"):
            return Response(200, SIGN_IN_PAGE, "text/html; charset=UTF-8")
        if path == "/ws":
            return self._web_socket(request)
        if path == "/web/signin/open" and request.method == "POST":
            return self._sign_in(request)
        user = self._user(request)
        if user is None or (self._device.needs_first_passphrase and not _sets_passphrase(request)):
            return unauthorized()
        if path in _DOCUMENTS and request.method in ("GET", "HEAD"):
            return xml_response(xml_out.DECLARATION + self._device.document(_DOCUMENTS[path]))
        route = _ROUTES.get((request.method, path))
        if route is not None:
            return await route(self, request, user)
        if any(known == path for _, known in _ROUTES) or path in _DOCUMENTS:
            return Response(405, b"405 Method Not Allowed\n", "text/plain; charset=UTF-8")
        return Response(404, b"404 Not Found\n", "text/plain; charset=UTF-8")

    def _user(self, request: HttpRequest) -> DeviceUser | None:
        logins = self._endpoint.logins
        if "authorization" in request.headers:
            return logins.basic(request.headers["authorization"])
        return logins.cookie(request.headers.get("cookie", ""), is_tls=request.is_tls)

    def _web_socket(self, request: HttpRequest) -> Response | Upgrade:
        """`/ws`: signed in by Basic, or by a subprotocol for browsers; 403 for a wrong login (notes E)."""
        if self._device.configuration.find("NetworkServices/Websocket", "Off") != "FollowHTTPService":
            return Response(404, b"404 Not Found\n", "text/plain; charset=UTF-8")
        if (
            request.headers.get("upgrade", "").lower() != "websocket"
            or "sec-websocket-key" not in request.headers
        ):
            return Response(400, b"400 Bad Request\n", "text/plain; charset=UTF-8")
        offered = [one.strip() for one in request.headers.get("sec-websocket-protocol", "").split(",")]
        chosen = next((one for one in offered if one.startswith("auth-")), "")
        if "authorization" in request.headers:
            user = self._endpoint.logins.basic(request.headers["authorization"])
        else:
            user = self._endpoint.logins.token(chosen.removeprefix("auth-")) if chosen else None
        if user is None or self._device.needs_first_passphrase:
            return Response(403, b"403 Forbidden\n", "text/plain; charset=UTF-8")
        session = RpcSession(self._endpoint, user)
        socket = WebSocket(request, subprotocol=chosen, on_text=session.handle)
        session.open(socket)
        self._endpoint.sockets.add(socket)
        return socket

    def _sign_in(self, request: HttpRequest) -> Response:
        """The web interface's sign-in: form fields in, JSON and a cookie out (protocol notes D.1)."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        user = None
        if not self._device.needs_first_passphrase:
            user = self._endpoint.logins.check(form.get("username", ""), form.get("password", ""))
        session = self._endpoint.logins.begin(user, is_tls=request.is_tls) if user is not None else None
        if session is None:
            return Response(200, b'{"result":"error"}', "application/json")
        cookie = self._cookie(session)
        return Response(200, b'{"result":"ok"}', "application/json", [("Set-Cookie", cookie)])

    @staticmethod
    def _cookie(session: LoginSession) -> str:
        if session.is_tls:
            return f"SecureSessionId={session.id}; Path=/; secure; HttpOnly; SameSite=Strict"
        return f"SessionId={session.id}; Path=/; HttpOnly; SameSite=Strict"

    # Reading

    async def get(self, request: HttpRequest, user: DeviceUser) -> Response:
        """`/getxml?location=/Status/SystemUnit`."""
        try:
            found = getxml.evaluate(self._device, request.query.get("location", ""))
        except getxml.BadLocation as bad:
            return xml_response(
                f"{xml_out.DECLARATION}<Fault>\n  <XPathError>\n    <Reason>{xml_out.text(str(bad))}</Reason>\n"
                "  </XPathError>\n</Fault>"
            )
        return xml_response(found or xml_out.EMPTY_RESULT)

    # Writing

    async def put(self, request: HttpRequest, user: DeviceUser) -> Response:
        """`/putxml`: settings or commands, as many as the document holds."""
        return await self.execute(request.body, user)

    async def execute(self, body: bytes, user: DeviceUser) -> Response:
        """Carry out a document of settings or commands."""
        try:
            root = xml_in.parse(body)
        except xml_in.BadDocument:
            return xml_response(xml_out.ACTION_ERROR)
        name = xml_in.name_of(root)
        if name == "Configuration":
            if "Admin" not in user.roles:
                return Response(403, b"403 Forbidden\n", "text/plain; charset=UTF-8")
            errors = self._device.write_settings(xml_in.leaves(root))
            return xml_response(xml_out.configuration_result(errors, self._endpoint.faults.refusal_shape))
        calls = xml_in.calls(root) if name == "Command" else []
        outcomes = [await run_command(self._endpoint, call, user.roles) for call in calls]
        return xml_response(commands_answer(outcomes))

    async def form_put(self, request: HttpRequest, user: DeviceUser) -> Response:
        """`/formputxml?xmldoc=…` of TC, by GET or by a posted form (protocol notes D.1)."""
        if not self._device.profile.dialect.has_formputxml:
            return Response(404, b"404 Not Found\n", "text/plain; charset=UTF-8")
        document = request.query.get("xmldoc")
        if document is None:
            document = dict(parse_qsl(request.body.decode("utf-8", "replace"))).get("xmldoc", "")
        return await self.execute(document.encode(), user)

    async def put_bookings(self, request: HttpRequest, user: DeviceUser) -> Response:
        """`/bookingsputxml`: the whole list anew, by an administrator (notes H.1; the answer's body is unknown)."""
        if "Admin" not in user.roles:
            return Response(403, b"403 Forbidden\n", "text/plain; charset=UTF-8")
        try:
            root = xml_in.parse(request.body)
        except xml_in.BadDocument:
            return Response(400, b"400 Bad Request\n", "text/plain; charset=UTF-8")
        self._endpoint.replace_bookings(xml_in.bookings(root))
        return xml_response(f"{xml_out.DECLARATION}<Success/>")

    # Sessions

    async def begin_session(self, request: HttpRequest, user: DeviceUser) -> Response:
        """204 and a cookie; TC answers with a redirect (protocol notes D.1, D.2)."""
        if not self._device.profile.dialect.has_sessions:
            return Response(302, headers=[("Location", "/web/signin")])
        session = self._endpoint.logins.begin(user, is_tls=request.is_tls)
        if session is None:
            return Response(503, b"Too many sessions\n", "text/plain; charset=UTF-8")
        return Response(204, headers=[("Set-Cookie", self._cookie(session))])

    async def end_session(self, request: HttpRequest, user: DeviceUser) -> Response:
        """Sign out."""
        self._endpoint.logins.end(request.headers.get("cookie", ""), is_tls=request.is_tls)
        return Response(204)


def _sets_passphrase(request: HttpRequest) -> bool:
    """Whether the request is the one that a factory-new device lets in: a document that sets a passphrase, alone.

    That some way over the API exists the vendor says ("a step of its own"); its form is not known (notes P.3).
    """
    if request.method != "POST" or request.path.rstrip("/") != "/putxml":
        return False
    try:
        root = xml_in.parse(request.body)
    except xml_in.BadDocument:
        return False
    wanted = ("usermanagement/user/passphrase/set", "usermanagement/user/passphrase/change")
    paths = [call.path.lower() for call in xml_in.calls(root)]
    return xml_in.name_of(root) == "Command" and len(paths) == 1 and paths[0] in wanted


def commands_answer(outcomes: list[CommandOutcome]) -> str:
    """The document that answers commands (protocol notes D.6).

    Nothing known in it: ActionError.  Wrong parameters: nothing at all stands for that command.
    """
    if not outcomes or all(one.kind == "unknown" for one in outcomes):
        return xml_out.ACTION_ERROR
    results = []
    for one in outcomes:
        if one.kind == "ok":
            results.append(xml_out.command_result(one.result_name, one.data))
        elif one.kind in ("error", "forbidden"):
            data: xml_out.Result = {"Reason": one.reason}
            if one.cause:
                data = {"Cause": str(one.cause), "Reason": one.reason}
            results.append(xml_out.command_result(one.result_name, data, status="Error"))
    return xml_out.command_answer(results) if results else xml_out.EMPTY_COMMAND


_ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/getxml"): HttpApi.get,
    ("POST", "/putxml"): HttpApi.put,
    ("GET", "/formputxml"): HttpApi.form_put,
    ("POST", "/formputxml"): HttpApi.form_put,
    ("POST", "/bookingsputxml"): HttpApi.put_bookings,
    ("POST", "/xmlapi/session/begin"): HttpApi.begin_session,
    ("POST", "/xmlapi/session/end"): HttpApi.end_session,
}
