"""One process of the server: which parts it runs, its listeners, its start and its end."""

import asyncio
import gc
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from roomkeeper.asgi import application
from roomkeeper.external_manager import strangers
from roomkeeper.external_manager.batcher import Batcher
from roomkeeper.external_manager.bodies import Bodies
from roomkeeper.external_manager.door import Door
from roomkeeper.external_manager.proxies import resolve
from roomkeeper.installation import folder
from roomkeeper.installation.locks import ServerLock
from roomkeeper.jobs.schedule import register
from roomkeeper.serving import certificates, first_start, health, listeners, loading, logs, reach, self_check
from roomkeeper.serving.background import Background
from roomkeeper.serving.page_limits import PageLimits
from roomkeeper.settings.options import Options, SettingsError
from roomkeeper.systems import network_settings
from roomkeeper.systems.addresses import parse_networks
from roomkeeper.systems.network_settings import former_addresses, outside
from roomkeeper.words import gettext as _

log = structlog.get_logger(__name__)

# The door and the background thread share the interpreter with the loop; the default of 5 ms makes posts wait.
SWITCH_INTERVAL = 0.001
# Its names follow Network settings, and a system that moves to HTTPS is told one of them within seconds.
CHECK_CERTIFICATE_EVERY = timedelta(seconds=20)
MONITORING = frozenset({"/healthz", "/readyz", "/metrics"})


@dataclass(frozen=True, slots=True)
class Parts:
    """Which parts a process runs; `serve` runs them all."""

    door: bool = True
    web: bool = True
    worker: bool = True


class Process:
    """A server process. `on_ready` is called with the addresses (`http://…`, `https://…`) once it answers."""

    def __init__(self, options: Options, parts: Parts, *, on_ready: Callable[[list[str]], None]) -> None:
        self._options = options
        self._parts = parts
        self._on_ready = on_ready
        self._files = certificates.CertificateFiles.below(options.data)
        self._tls: ssl.SSLContext | None = None

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        sys.setswitchinterval(SWITCH_INTERVAL)
        folder.require_its_database(self._options)
        folder.make(self._options.data)
        lock = ServerLock(self._options.data)
        lock.take(alone=not self._options.database_url)
        logs.configure(self._options.log_level, self._options.log_file)
        first_start.prepare([*self._options.http, *self._options.https], has_lock=True)
        health.register_checks(self._options)
        loading.load_everything()
        # What was loaded by now stays for good; the collector need not look at it again and again.
        gc.freeze()
        listeners.allow_many_connections()
        listeners.return_freed_memory()
        with asyncio.Runner(loop_factory=lambda: listeners.loop_of(self._options)) as runner:
            runner.run(self._serve())
        lock.release()

    async def _serve(self) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        loop.add_signal_handler(signal.SIGHUP, logs.reopen)
        batcher = Batcher()
        background = Background()
        if self._parts.door:
            batcher.start()
        await asyncio.to_thread(self._prepare_certificates)
        if self._parts.door and self._parts.web:
            await asyncio.to_thread(reach.tell, self._options)
        if self._parts.worker:
            register("certificates", CHECK_CERTIFICATE_EVERY, self._check_certificates)
            register("reach", self_check.EVERY, partial(reach.see, self._options))
            register("self-check", self_check.EVERY, self_check.Tickets().keep)
            background.start()
        noting = asyncio.create_task(strangers.go_on_writing(stopping))
        try:
            if self._parts.door or self._parts.web:
                await self._listen(self._app(batcher), stopping)
            else:
                await self._listen(front(_monitoring(application), None, self._options), stopping)
        finally:
            stopping.set()
            await noting
            if self._parts.worker:
                await asyncio.to_thread(background.stop)
            await asyncio.to_thread(batcher.stop)

    def _app(self, batcher: Batcher) -> Any:
        pages = application if self._parts.web else _monitoring(application)
        return front(pages, batcher if self._parts.door else None, self._options)

    async def _listen(self, app: Any, stopping: asyncio.Event) -> None:
        if self._parts.door or self._parts.web:
            plain = [listeners.bind(address) for address in self._options.http]
            secure = [listeners.bind(address) for address in self._options.https]
        else:
            plain, secure = _bind_what_is_free(self._options.worker_http), []
        running = []
        if plain:
            running.append((listeners.server(app, self._options, None), plain))
        if secure:
            running.append((listeners.server(app, self._options, self._tls), secure))
        tasks = [asyncio.create_task(server.serve(sockets=sockets)) for server, sockets in running]
        while not all(server.started for server, _ in running):
            await asyncio.sleep(0.01)
            for task in tasks:
                if task.done():
                    task.result()
        self._on_ready(
            [f"http://{listeners.bound_address(made)}" for made in plain]
            + [f"https://{listeners.bound_address(made)}" for made in secure]
        )
        await asyncio.wait(
            [asyncio.create_task(stopping.wait()), *tasks], return_when=asyncio.FIRST_COMPLETED
        )
        for server, _rest in running:
            server.should_exit = True
        await asyncio.gather(*tasks)

    def _prepare_certificates(self) -> None:
        now = datetime.now(UTC)
        if self._options.tls_certificate:
            certificate, key = Path(self._options.tls_certificate), Path(self._options.tls_key)
        else:
            certificates.ensure(self._files, self._names(), now=now)
            certificate, key = self._files.leaf, self._files.leaf_key
        try:
            self._tls = certificates.context(certificate, key)
        except OSError as error:
            raise SettingsError(
                _(
                    "The certificate {certificate} cannot be used with {key}: {error}",
                    certificate=certificate,
                    key=key,
                    error=error,
                )
            ) from error

    def _check_certificates(self, *, now: datetime) -> int:
        """Scheduled: renew our own leaf. Whether one runs out is looked at by the checks."""
        if (
            not self._options.tls_certificate
            and certificates.ensure(self._files, self._names(), now=now)
            and self._tls is not None
        ):
            # New connections use the new leaf at once; nobody is cut off.
            self._tls.load_cert_chain(self._files.leaf, self._files.leaf_key)
        return 0

    def _names(self) -> list[str]:
        settings = network_settings.get()
        hosts = [
            listener.rpartition(":")[0].strip("[]")
            for listener in (*self._options.https, *self._options.http)
        ]
        ours = [host for side in outside.SIDES for host in outside.hosts(settings, side)]
        # Who still calls an address that was changed has to find it in the certificate.
        former = [host for those in former_addresses.by_side().values() for host in those]
        return certificates.own_names([name for name in (*ours, *hosts, *former) if name])


def front(pages: Any, batcher: Batcher | None, options: Options) -> Any:
    """What a listener hands requests to: the door where there is a `batcher`, then the limits of pages and API."""
    bodies = Bodies(options.body_memory)
    limited = PageLimits(pages, bodies, options)
    if batcher is None:
        return _believing_proxies(limited, options)
    return Door(limited, batcher, options, bodies=bodies)


def _believing_proxies(app: Any, options: Options) -> Any:
    trusted = parse_networks(options.trusted_proxies)

    async def resolved(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await app(
            resolve(scope, trusted, options.proxies_tell) if scope["type"] == "http" else scope, receive, send
        )

    return resolved


def _bind_what_is_free(addresses: Sequence[str]) -> list[socket.socket]:
    """A worker's sockets for monitoring. One that another process has is told and left out: the work goes on."""
    made = []
    for address in addresses:
        try:
            made.append(listeners.bind(address))
        except SettingsError as error:
            log.warning("this worker cannot be monitored; set ROOMKEEPER_WORKER_HTTP", reason=str(error))
    return made


def _monitoring(app: Any) -> Any:
    """The part of the pages that every process has (rule R9): is it well, and what did it count?"""

    async def monitored(scope: dict[str, Any], receive: Any, send: Any) -> None:
        known = scope["type"] == "http" and scope["path"] in MONITORING
        await (app if known else _nothing_here)(scope, receive, send)

    return monitored


async def _nothing_here(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """A process without pages has nothing for people."""
    body = b"This process of Roomkeeper has no pages.\n"
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": body})
