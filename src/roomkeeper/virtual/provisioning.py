"""An endpoint and its manager: Boot, Register, Beat, and obeying the answers (protocol notes A, B)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from roomkeeper.virtual import wire_out, xml_in
from roomkeeper.virtual.commands import run as run_command
from roomkeeper.virtual.outbound import OutboundError

if TYPE_CHECKING:
    from roomkeeper.virtual.device import VirtualDevice
    from roomkeeper.virtual.endpoint import VirtualEndpoint

_LOG = logging.getLogger(__name__)

_FIRST_RETRY_SECONDS = 60.0
_SETTLE_SECONDS = 1.0
_SERVICES = "NetworkServices/HTTP/Mode"
_POSTS_KEPT = 20
_EXTERNAL_MANAGER_WORDS = {"Provisioned": "Active", "NeedConfig": "Inactive"}


@dataclass(slots=True)
class PostRecord:
    """One post and what came of it, for people who look at the control API."""

    event: str
    url: str
    at: datetime
    status: int = 0
    problem: str = ""
    heartbeat_seconds: int | None = None
    settings: list[tuple[str, str]] = field(default_factory=list)
    refused_settings: list[tuple[str, str]] = field(default_factory=list)
    commands: list[tuple[str, str]] = field(default_factory=list)
    documents: list[tuple[str, str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "at": self.at.isoformat()}


class ManagerRefused(Exception):
    """The manager answered, but not with what a manager answers."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class ManagerLink:
    """The state machine towards the manager: one task per endpoint."""

    def __init__(
        self, endpoint: VirtualEndpoint, *, heartbeat_seconds: float, jitter_seconds: float = 0.0
    ) -> None:
        self._endpoint = endpoint
        self._device = endpoint.device
        self._node = endpoint.profile.dialect.manager_node
        self._obeyed = {f"{self._node}/{name}" for name in ("Address", "Path", "Protocol")} | {
            "Provisioning/Mode"
        }
        self._events: deque[str] = deque()
        self._fallback_seconds = heartbeat_seconds
        self._interval_seconds = heartbeat_seconds
        self._jitter_seconds = jitter_seconds
        self._failures = 0
        self._wake = asyncio.Event()
        self._is_obeying = False
        self._unposted: dict[str, str] = {}
        self.posts: deque[PostRecord] = deque(maxlen=_POSTS_KEPT)
        self.posts_count = 0
        self.next_post_at: datetime | None = None
        self._device.configuration.listen(self._configuration_changed)

    @property
    def interval_seconds(self) -> float:
        """Seconds between beats now."""
        return self._interval_seconds

    # From outside

    def boot(self) -> None:
        """Start-up: Boot, then Register."""
        self._events = deque(("Boot", "Register"))
        self._wake.set()

    def post_soon(self, event: str = "Beat") -> None:
        """Post now, whatever the interval says."""
        self._events.append(event)
        self._wake.set()

    def _configuration_changed(self, path: str, before: str, after: str) -> None:
        # A manager written from outside (a person, /putxml) is called soon; one written in an answer from the
        # next post on, as the answer itself said when that is.
        if path in self._obeyed and not self._is_obeying and self._endpoint.is_running:
            if "Register" not in self._events:
                self._events.append("Register")
            self._wake.set()
        elif path == _SERVICES and self._failures:
            self._wake.set()

    # The loop

    def _url(self) -> str | None:
        find = self._device.configuration.find
        node = self._node
        if find("Provisioning/Mode", "TMS") not in ("Auto", "TMS"):
            return None
        address = find(f"{node}/Address")
        if not address:
            return None
        if address.count(":") > 1 and not address.startswith("["):
            address = f"[{address}]"
        path = find(f"{node}/Path").lstrip("/")
        return f"{find(f'{node}/Protocol').lower()}://{address}/{path}"

    async def run(self) -> None:
        """Post for ever; cancelled when the endpoint stops."""
        if self._jitter_seconds:
            await self._device.clock.sleep(random.random() * self._jitter_seconds)  # noqa: S311 - not a secret
        while True:
            url = self._url()
            if url is None:
                self._say("NeedConfig")
                await self._wait(None)
                await self._device.clock.sleep(_SETTLE_SECONDS)
                continue
            event = self._events.popleft() if self._events else "Beat"
            if await self._post_safely(event, url):
                self._failures = 0
                if not self._events:
                    await self._wait(self._interval_seconds)
                continue
            self._failures += 1
            if event != "Beat":
                self._events.appendleft(event)
            await self._wait(self._retry_seconds())

    def _retry_seconds(self) -> float:
        """60 s, doubling to the heartbeat, never longer than it (ours: real timing is unknown, notes A.7)."""
        return min(self._interval_seconds, _FIRST_RETRY_SECONDS * 2.0 ** min(self._failures - 1, 10))

    async def _wait(self, seconds: float | None) -> None:
        self._wake.clear()
        woken = asyncio.ensure_future(self._wake.wait())
        waits: set[asyncio.Future[Any]] = {woken}
        if seconds is not None:
            waits.add(asyncio.ensure_future(self._device.clock.sleep(seconds)))
        now = self._device.clock.now()
        self.next_post_at = (
            None if seconds is None else datetime.fromtimestamp(now.timestamp() + seconds, now.tzinfo)
        )
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    # One post

    async def _post_safely(self, event: str, url: str) -> bool:
        try:
            return await self._post(event, url)
        except Exception:  # noqa: BLE001
            # The outermost loop of an endpoint's life: a defect of ours must not silence it.
            _LOG.exception("a virtual endpoint failed while posting %s", event)
            return False

    async def _post(self, event: str, url: str) -> bool:
        record = PostRecord(event, url, self._device.clock.now())
        self.posts.append(record)
        self.posts_count += 1
        if not self._is_service_on(url):
            self._failed(record, url, "The protocol is not enabled in NetworkServices HTTP Mode", "Failed")
            return False
        headers = {"Content-Type": wire_out.XML_TYPE, "SOAPAction": wire_out.SOAP_ACTION}
        try:
            answer = await self._endpoint.outbound.post(
                url, wire_out.post_event(self._device, event), headers, tls_setting="Provisioning/TlsVerify"
            )
            record.status = answer.status
            if answer.status != 200:
                raise ManagerRefused(answer.status, f"HTTP response code {answer.status}")
            orders = xml_in.manager_answer(answer.body)
        except OutboundError as error:
            self._failed(record, url, str(error), "Failed")
            return False
        except ManagerRefused as refused:
            is_login = refused.status in (401, 403)
            self._failed(record, url, str(refused), "AuthenticationFailed" if is_login else "Failed")
            return False
        except xml_in.BadDocument as error:
            self._failed(record, url, f"Invalid answer: {str(error)[:120]}", "Failed")
            return False
        self._succeeded(url)
        await self._obey(orders, record)
        return True

    def _is_service_on(self, url: str) -> bool:
        """Whether the protocol is on in NetworkServices HTTP Mode, as the vendor's text demands (notes P.4).

        What a device does where it is not is unknown.  Here it posts nothing and says so; documents, feedback and
        phone books, of which the text does not speak, go as they always did.
        """
        if not self._device.profile.dialect.posts_only_by_enabled_services:
            return True
        mode = self._device.configuration.find(_SERVICES, "HTTP+HTTPS")
        return url.partition(":")[0].upper() in mode.split("+")

    def _failed(self, record: PostRecord, url: str, reason: str, status: str) -> None:
        record.problem = reason
        self._say(status)
        host = url.split("/")[2]
        self._device.diagnose(
            "ProvisioningStatus",
            "Error",
            "The provisioning server could not be reached or did not accept this device",
            f"status={status}&host={host}&reason={reason}",
        )
        self._device.diagnose(
            "ProvisioningModeAndStatus",
            "Warning",
            "A provisioning mode is set, but the device is not provisioned",
        )
        self._tell({"NextRetry": str(int(self._retry_seconds())), "Reason": reason, "Server": host})

    def _tell(self, facts: dict[str, str]) -> None:
        """What this release shows below Provisioning beside the status (protocol notes D.7, P)."""
        known = {f"Provisioning/{name}": value for name, value in facts.items()}
        template = self._device.profile.status
        self._device.status.set({path: value for path, value in known.items() if path in template})

    def _say(self, status: str) -> None:
        """In /Status: an Expressway has other words for it (protocol notes A.1)."""
        if self._node == "ExternalManager":
            self._device.status.set({"ExternalManager/Status": _EXTERNAL_MANAGER_WORDS.get(status, "Failed")})
        else:
            self._device.status.set({"Provisioning/Status": status})

    def _succeeded(self, url: str) -> None:
        self._say("Provisioned")
        self._tell({"NextRetry": "", "Reason": "", "Server": url.split("/")[2]})
        self._device.clear_diagnosis("ProvisioningStatus")
        self._device.clear_diagnosis("ProvisioningModeAndStatus")

    async def _obey(self, orders: xml_in.ManagerAnswer, record: PostRecord) -> None:
        """In the order of the answer: interval, settings, commands, bookings, software, documents."""
        if orders.heartbeat_seconds:
            self._interval_seconds = float(orders.heartbeat_seconds)
            record.heartbeat_seconds = orders.heartbeat_seconds
        if orders.settings:
            self._is_obeying = True
            try:
                record.refused_settings = self._device.write_settings(orders.settings)
            finally:
                self._is_obeying = False
            record.settings = [(path, _shown(self._device, path, value)) for path, value in orders.settings]
        for call in orders.calls:
            outcome = await run_command(self._endpoint, call)
            record.commands.append(
                (outcome.path, outcome.kind + (f": {outcome.reason}" if outcome.reason else ""))
            )
        if orders.bookings is not None:
            self._endpoint.replace_bookings(orders.bookings)
        if orders.software is not None:
            self._endpoint.upgrade_offered(orders.software)
        self._unposted.update(orders.documents)
        for location, url in list(self._unposted.items()):
            await self._post_document(location, url, record)

    async def _post_document(self, location: str, url: str, record: PostRecord) -> None:
        body = wire_out.posted_document(self._device, location)
        if body is None:
            self._unposted.pop(location, None)
            record.documents.append((location, url, "not on this device"))
            return
        try:
            answer = await self._endpoint.outbound.post(
                url, body, {"Content-Type": wire_out.XML_TYPE}, tls_setting="Provisioning/TlsVerify"
            )
        except OutboundError as error:
            record.documents.append((location, url, str(error)))
            return
        record.documents.append((location, url, str(answer.status)))
        # Anything but 200 makes the device repeat (notes B): with the next post, for ever.
        if answer.status == 200:
            with contextlib.suppress(KeyError):
                del self._unposted[location]


def _shown(device: VirtualDevice, path: str, value: str) -> str:
    leaf = device.configuration.find_leaf(path)
    return "***" if leaf is not None and leaf.space.is_hidden else value
