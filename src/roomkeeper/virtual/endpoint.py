"""One running virtual endpoint: its state, its sockets, its link to the manager."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import weakref
from dataclasses import dataclass
from typing import Any

from roomkeeper.virtual import tls, xml_in
from roomkeeper.virtual.clock import Clock, SystemClock
from roomkeeper.virtual.device import VirtualDevice
from roomkeeper.virtual.feedback_sender import FeedbackSender
from roomkeeper.virtual.http_api import HttpApi
from roomkeeper.virtual.http_server import HttpListener
from roomkeeper.virtual.identity import BEHIND_FIREWALL, LAN, Identity
from roomkeeper.virtual.logins import Logins
from roomkeeper.virtual.manager_address import ManagerAddress
from roomkeeper.virtual.outbound import Outbound
from roomkeeper.virtual.profile import Profile, load
from roomkeeper.virtual.provisioning import ManagerLink
from roomkeeper.virtual.websocket import WebSocket

HTTP_PORT = 18080
HTTPS_PORT = 18443


@dataclass(frozen=True, slots=True)
class EndpointPlan:
    """Everything that makes one endpoint, as the command line or a plan file says it."""

    identity: Identity
    profile: str = "sx10-ce9.6"
    mode: str = LAN
    is_secure: bool = False
    manager: str = ""
    username: str = "admin"
    password: str = "roomkeeper"  # noqa: S105 - the documented default of things that protect nothing
    http_port: int = HTTP_PORT
    https_port: int = HTTPS_PORT
    heartbeat_seconds: float = 900.0
    is_verifying: bool | None = None
    ca_pem: str = ""
    reboot_seconds: float = 5.0
    start_jitter_seconds: float = 0.0


class VirtualEndpoint:
    """A twin of a video endpoint.  `start` opens its sockets and lets it phone home; `stop` ends all of it."""

    def __init__(self, plan: EndpointPlan, *, clock: Clock | None = None) -> None:
        self.plan = plan
        self.clock: Clock = clock or SystemClock()
        self.profile: Profile = load(plan.profile)
        self.device = VirtualDevice(
            self.profile, plan.identity, self.clock, username=plan.username, password=plan.password
        )
        self.logins = Logins(self.device)
        self.outbound = Outbound(self.device, plan.identity.address)
        self.feedback = FeedbackSender(self.device, self.outbound)
        self.api = HttpApi(self)
        self.manager = ManagerLink(
            self, heartbeat_seconds=plan.heartbeat_seconds, jitter_seconds=plan.start_jitter_seconds
        )
        self.is_running = False
        self.is_up = False
        self.sockets: weakref.WeakSet[WebSocket] = weakref.WeakSet()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._link: asyncio.Task[None] | None = None
        self._context: ssl.SSLContext | None = None
        self._http: HttpListener | None = None
        self._https: HttpListener | None = None
        self._preset()
        self.device.configuration.listen(self._configuration_changed)

    @property
    def configuration(self) -> Any:
        """The configuration tree (`endpoint.configuration.get("SystemUnit/Name")`)."""
        return self.device.configuration

    @property
    def status(self) -> Any:
        """The status tree."""
        return self.device.status

    @property
    def http_port(self) -> int | None:
        """Where it listens for HTTP, or None."""
        return self._http.port if self._http is not None and self._http.is_open else None

    @property
    def https_port(self) -> int | None:
        """Where it listens for HTTPS, or None."""
        return self._https.port if self._https is not None and self._https.is_open else None

    def _preset(self) -> None:
        plain, both = ("Off", "On") if self.profile.dialect.family == "TC" else ("HTTPS", "HTTP+HTTPS")
        settings = {"NetworkServices/HTTP/Mode": plain if self.plan.is_secure else both}
        if self.plan.manager:
            settings.update(ManagerAddress.parse(self.plan.manager).settings())
            settings["Provisioning/Mode"] = "TMS"
        if self.plan.is_verifying is not None:
            word = "On" if self.plan.is_verifying else "Off"
            for path in (
                "Provisioning/TlsVerify",
                "HttpFeedback/TlsVerify",
                "Phonebook/Server[1]/TlsVerify",
                "NetworkServices/HTTPS/VerifyServerCertificate",
            ):
                settings[path] = word
        self.device.configuration.preset(settings)
        if self.plan.ca_pem:
            self.trust(self.plan.ca_pem)

    def trust(self, pem: str) -> list[str]:
        """Put certificates into the CA store; their fingerprints."""
        added = []
        for one in tls.split_pem(pem):
            fingerprint = tls.fingerprint(one)
            self.device.shelf.authorities[fingerprint] = one
            added.append(fingerprint)
        return added

    # Life

    async def start(self) -> None:
        """Listen, then phone home."""
        self.is_running = True
        await self._come_up()

    async def _come_up(self) -> None:
        self.device.booted()
        await self._open_listeners()
        self.is_up = True
        if self._link is None:
            self.manager.boot()
            self._link = asyncio.get_running_loop().create_task(self.manager.run())

    async def _go_down(self) -> None:
        self.is_up = False
        for socket in list(self.sockets):
            socket.close()
        await self._close_listeners()
        self.logins.forget_all()
        if self._link is not None:
            link, self._link = self._link, None
            if link is not asyncio.current_task():
                link.cancel()
                await asyncio.gather(link, return_exceptions=True)

    async def stop(self) -> None:
        """End everything that was started."""
        self.is_running = False
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._go_down()
        await self.feedback.stop()

    def later(self, work: Any) -> asyncio.Task[Any]:
        """Let a coroutine run beside the rest; it ends with the endpoint."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # Listening

    async def _open_listeners(self) -> None:
        if self.plan.mode == BEHIND_FIREWALL:
            return
        address = self.plan.identity.address
        has_http, has_https = self._wanted_listeners()
        if has_http:
            if self._http is None:
                self._http = HttpListener(self.api.handle, address=address, port=self.plan.http_port)
            if not self._http.is_open:
                await self._http.open()
        if has_https:
            if self._https is None:
                self._https = HttpListener(
                    self.api.handle, address=address, port=self.plan.https_port, make_context=self.tls_context
                )
            if not self._https.is_open:
                await self._https.open()

    def _wanted_listeners(self) -> tuple[bool, bool]:
        """HTTP, HTTPS: one setting on CE and RoomOS, one each on TC (protocol notes D.7)."""
        mode = self.device.configuration.find("NetworkServices/HTTP/Mode", "HTTP+HTTPS")
        if self.profile.dialect.family == "TC":
            return mode == "On", self.device.configuration.find("NetworkServices/HTTPS/Mode") == "On"
        return mode == "HTTP+HTTPS", mode in ("HTTP+HTTPS", "HTTPS")

    async def _close_listeners(self) -> None:
        for listener in (self._http, self._https):
            if listener is not None:
                await listener.close()

    async def _reopen_listeners(self) -> None:
        await self._close_listeners()
        await self._open_listeners()

    def tls_context(self) -> ssl.SSLContext:
        """The server's TLS context, made when first needed."""
        if self._context is None:
            minimum = self.device.configuration.find(
                "NetworkServices/HTTPS/Server/MinimumTLSVersion", "TLSv1.2"
            )
            self._context = tls.server_context(self.certificate(), minimum=minimum)
        return self._context

    def certificate(self) -> tls.Certificate:
        """The certificate it shows: its own, self-signed."""
        identity = self.plan.identity
        return tls.self_signed(
            tls.derived_key(identity.serial + identity.mac), identity.serial, identity.address
        )

    def _configuration_changed(self, path: str, before: str, after: str) -> None:
        if not self.is_up:
            return
        if path in ("NetworkServices/HTTP/Mode", "NetworkServices/HTTPS/Mode"):
            self.later(self._reopen_listeners())
        elif path == "NetworkServices/HTTPS/Server/MinimumTLSVersion":
            self._context = None

    # What commands and answers set off

    def restart_soon(self, action: str = "Restart", *, after_seconds: float = 0.5) -> None:
        """Restart a moment later, so that the answer to who asked still leaves."""
        self.later(self._restart(action, after_seconds))

    async def _restart(self, action: str, after_seconds: float) -> None:
        self.device.raise_event("BootEvent", {"Action": action})
        await self.clock.sleep(after_seconds)
        await self.feedback.drain(5.0)
        await self._go_down()
        if action == "Shutdown":
            return
        await self.clock.sleep(self.plan.reboot_seconds)
        if self.is_running:
            await self._come_up()

    def replace_bookings(self, bookings: list[dict[str, str]]) -> None:
        """A manager gave the whole list anew."""
        self.device.shelf.bookings = bookings
        self.device.raise_event("Bookings/Updated", {})

    def upgrade_offered(self, package: xml_in.SoftwarePackage) -> None:
        """A manager offers software: shown as pending (the phases come with issue 3)."""
        self.device.status.set(
            {
                "Provisioning/Software/UpgradeStatus/Phase": "DownloadPending",
                "Provisioning/Software/UpgradeStatus/Status": "InProgress",
                "Provisioning/Software/UpgradeStatus/URL": package.url,
                "Provisioning/Software/UpgradeStatus/VersionId": package.version_id,
                "Provisioning/Software/UpgradeStatus/SessionId": package.session_id,
            }
        )

    def as_json(self) -> dict[str, Any]:
        """What the control API shows of it."""
        identity = self.plan.identity
        next_post_at = self.manager.next_post_at
        return {
            "name": self.device.name,
            "profile": self.profile.name,
            "mode": self.plan.mode,
            "secure": self.plan.is_secure,
            "serial": identity.serial,
            "mac": identity.mac,
            "address": identity.address,
            "reported_address": identity.reported_address,
            "http_port": self.http_port,
            "https_port": self.https_port,
            "software_version": self.device.version,
            "provisioning_status": self.device.status.find("Provisioning/Status"),
            "heartbeat_seconds": self.manager.interval_seconds,
            "next_post_at": next_post_at.isoformat() if next_post_at else None,
            "posts_count": self.manager.posts_count,
            "up": self.is_up,
        }


async def stop_all(endpoints: list[VirtualEndpoint]) -> None:
    """Stop many at once."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*(endpoint.stop() for endpoint in endpoints), return_exceptions=True)
