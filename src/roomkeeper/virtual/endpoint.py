"""One running virtual endpoint: its state, its sockets, its link to the manager."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import ssl
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from roomkeeper.virtual import tls, xml_in
from roomkeeper.virtual.calls import CallDesk
from roomkeeper.virtual.clock import Clock, SystemClock
from roomkeeper.virtual.device import VirtualDevice
from roomkeeper.virtual.endpoint_plan import EndpointPlan
from roomkeeper.virtual.fault_effects import EFFECTS
from roomkeeper.virtual.faults import Faults
from roomkeeper.virtual.feedback_sender import FeedbackSender
from roomkeeper.virtual.http_api import HttpApi
from roomkeeper.virtual.http_server import HttpConnection, HttpListener
from roomkeeper.virtual.identity import BEHIND_FIREWALL
from roomkeeper.virtual.logins import Logins
from roomkeeper.virtual.manager_address import ManagerAddress
from roomkeeper.virtual.old_tls import OldTls
from roomkeeper.virtual.outbound import Outbound
from roomkeeper.virtual.profile import Profile, load
from roomkeeper.virtual.provisioning import ManagerLink
from roomkeeper.virtual.upgrade import UpgradeDesk
from roomkeeper.virtual.websocket import WebSocket


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
        self.faults = Faults()
        self.outbound = Outbound(self.device, plan.identity.address, self.faults)
        self.feedback = FeedbackSender(self.device, self.outbound)
        self.calls = CallDesk(self)
        self.upgrades = UpgradeDesk(self)
        self.certificates: dict[str, tls.Certificate] = {}
        self.skips_own_password = True
        """Whether commands that want YourPassphrase are content without: an answer cannot carry the caller's."""
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
        self._snmp: Any = None
        self._preset()
        if plan.is_factory_new:
            self.device.out_of_the_box(plan.username)
        for name, value in plan.faults:
            self.set_fault(name, value)
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
    def number(self) -> str:
        """What it is dialled by: its SIP URI, or its address."""
        find = self.device.configuration.find
        return find("SIP/URI") or find("SIP/Profile[1]/URI") or self.plan.identity.reported_address

    @property
    def http_port(self) -> int | None:
        """Where it listens for HTTP, or None."""
        return self._http.port if self._http is not None and self._http.is_open else None

    @property
    def https_port(self) -> int | None:
        """Where it listens for HTTPS, or None."""
        return self._https.port if self._https is not None and self._https.is_open else None

    def planned_services(self) -> dict[str, str]:
        """Which of HTTP and HTTPS its plan has it speak: one setting on CE and RoomOS, one each on TC (notes D.7)."""
        dialect = self.profile.dialect
        if dialect.family == "TC":
            http = "Off" if self.plan.is_secure else "On"
            return {"NetworkServices/HTTP/Mode": http, "NetworkServices/HTTPS/Mode": "On"}
        as_shipped = dialect.ships_with_https_only or self.plan.is_factory_new
        usual = "HTTPS" if self.plan.is_secure or as_shipped else "HTTP+HTTPS"
        return {"NetworkServices/HTTP/Mode": self.plan.http_mode or usual}

    @property
    def is_rate_limited(self) -> bool:
        """Whether its HTTP requests are held to a rate: from RoomOS 11 on, and as its plan says."""
        return self.plan.is_rate_limited and self.device.release >= (11, 0)

    def _preset(self) -> None:
        settings = self.planned_services()
        if self.plan.manager:
            settings.update(
                ManagerAddress.parse(self.plan.manager).settings(self.profile.dialect.manager_node)
            )
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
        await self.listen()
        self.phone_home()

    async def listen(self) -> None:
        """The first half of a start: open the sockets."""
        self.is_running = True
        self.device.booted()
        await self._open_listeners()
        self._open_snmp()
        self.is_up = True

    def phone_home(self) -> None:
        """The second half: Boot, Register, and so on for ever."""
        if self._link is None:
            self.manager.boot()
            self._link = asyncio.get_running_loop().create_task(self.manager.run())

    async def _go_down(self) -> None:
        self.is_up = False
        for socket in list(self.sockets):
            socket.close()
        if self._snmp is not None:
            self._snmp.close()
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
        if self.plan.mode == BEHIND_FIREWALL or not self.profile.dialect.has_http_api:
            return
        address = self.plan.identity.address
        has_http, has_https = self._wanted_listeners()
        if has_http:
            if self._http is None:
                self._http = HttpListener(
                    self.api.handle, address=address, port=self.plan.http_port, writer=self._write
                )
            if not self._http.is_open:
                await self._http.open()
        if has_https:
            if self._https is None:
                self._https = HttpListener(
                    self.api.handle,
                    address=address,
                    port=self.plan.https_port,
                    make_context=self.tls_context,
                    wrap=self._old_tls,
                    writer=self._write,
                )
            if not self._https.is_open:
                await self._https.open()

    def _open_snmp(self) -> None:
        """The SNMP agent, for those that were given a port; pysnmp is not a dependency of the server."""
        if not self.plan.snmp_port or self.plan.mode == BEHIND_FIREWALL or self.plan.is_secure:
            return
        if self._snmp is None:
            agent = importlib.import_module("roomkeeper.virtual.snmp_agent")
            self._snmp = agent.SnmpAgent(self, self.plan.identity.address, self.plan.snmp_port)
        self._snmp.open()

    async def _write(self, connection: HttpConnection, data: bytes) -> None:
        """Send an answer, as the fault switches have it."""
        await self.faults.write(connection, data)
        if self.faults.restart_in_mid_request:
            self.faults.restart_in_mid_request = False
            self.restart_soon(after_seconds=0)

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
                "NetworkServices/HTTPS/Server/MinimumTLSVersion", "TLSv1.0"
            )
            if self.faults.tls_1_0_only or self.faults.old_stack:
                minimum = "only TLSv1.0"
            self._context = tls.server_context(self.certificate(), minimum=minimum)
            if self.faults.old_stack:
                tls.speak_old_stack_only(self._context)
            elif self.faults.old_ciphers:
                tls.speak_old_ciphers_only(self._context)
        return self._context

    def _old_tls(self, connection: asyncio.Protocol) -> asyncio.Protocol | None:
        """A TLS stack without secure renegotiation, where a fault wants it."""
        if not self.faults.no_secure_renegotiation:
            return None
        return OldTls(tls.old_self_signed(self.plan.identity.serial), connection)

    def forget_tls_context(self) -> None:
        """Make it anew for the next connection."""
        self._context = None

    def certificate(self) -> tls.Certificate:
        """The certificate that HTTPS shows: an activated one, or its own, self-signed."""
        identity, faults = self.plan.identity, self.faults
        for fingerprint, used in self.device.shelf.service_use.items():
            if "HTTPS" in used and fingerprint in self.certificates:
                return self.certificates[fingerprint]
        if faults.old_stack:
            return tls.old_self_signed(identity.serial)
        seed = identity.serial + identity.mac + (":changed" if faults.key_changed else "")
        if faults.certificate == "other":
            return tls.self_signed(tls.derived_key("another device"), "FTT00000000", identity.address)
        if faults.certificate == "wrong-name":
            return tls.self_signed(tls.derived_key(seed), "somebody.example.org", "192.0.2.99")
        if faults.certificate == "expired":
            past = (datetime(2019, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC))
            key = tls.derived_key(seed)
            return tls.self_signed(
                key, identity.serial, identity.address, not_before=past[0], not_after=past[1]
            )
        return tls.self_signed(tls.derived_key(seed), identity.serial, identity.address)

    def _configuration_changed(self, path: str, before: str, after: str) -> None:
        if not self.is_up:
            return
        if path in ("NetworkServices/HTTP/Mode", "NetworkServices/HTTPS/Mode"):
            self.later(self._reopen_listeners())
        elif path == "NetworkServices/HTTPS/Server/MinimumTLSVersion":
            self.forget_tls_context()
        elif path.startswith("NetworkServices/SNMP/"):
            self.snmp_changed()

    # What commands and answers set off

    def restart_soon(self, action: str = "Restart", *, after_seconds: float = 0.5) -> None:
        """Restart a moment later, so that the answer to who asked still leaves."""
        self.later(self._restart(action, after_seconds))

    async def _restart(self, action: str, after_seconds: float) -> None:
        await self.clock.sleep(after_seconds)
        await self.reboot(action, keep_away=self.faults.never_comes_back)

    async def reboot(
        self, action: str, *, keep_away: bool = False, then: Callable[[], None] | None = None
    ) -> None:
        """BootEvent, down, a while of nothing, `then` while it is down, up again."""
        self.device.raise_event("BootEvent", {"Action": action})
        await self.calls.drop_all()
        await self.feedback.drain(5.0)
        await self._go_down()
        if then is not None:
            then()
        if action == "Shutdown" or keep_away:
            return
        await self.clock.sleep(self.plan.reboot_seconds)
        if self.is_running:
            await self.start()

    def replace_bookings(self, bookings: list[dict[str, str]]) -> None:
        """A manager gave the whole list anew."""
        self.device.shelf.bookings = bookings
        self.device.raise_event("Bookings/Updated", {})

    def upgrade_offered(self, package: xml_in.SoftwarePackage) -> None:
        """A manager offers software in an answer; what runs already is not offered again."""
        offered = package.version_id.replace(" ", ".")
        if not offered or not offered.startswith(self.device.version):
            self.upgrades.offer(package, is_forced=True)

    def set_fault(self, name: str, value: Any) -> None:
        """Throw a switch of `Faults`, now; raises BadFault."""
        self.faults.change(name, value)
        effect = EFFECTS.get(name)
        if effect is not None:
            effect(self)

    def snmp_changed(self) -> None:
        """SNMP settings or users changed."""
        if self._snmp is not None:
            self._snmp.reconfigure()

    def as_json(self) -> dict[str, Any]:
        """What the control API shows of it."""
        identity = self.plan.identity
        next_post_at = self.manager.next_post_at
        return {
            "name": self.device.name,
            "profile": self.profile.name,
            "site": self.plan.site,
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
            "calls": len(self.calls.calls),
            "faults": self.faults.as_dict(),
        }


async def stop_all(endpoints: list[VirtualEndpoint]) -> None:
    """Stop many at once."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*(endpoint.stop() for endpoint in endpoints), return_exceptions=True)
