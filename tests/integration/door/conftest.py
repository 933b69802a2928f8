"""The real door with its batcher on a real socket, in this process and on the test database."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from tests.acceptance.device import Device

from roomkeeper.accounts.models import User
from roomkeeper.asgi import application
from roomkeeper.external_manager.batcher import Batcher
from roomkeeper.serving import certificates, listeners
from roomkeeper.serving.server import front
from roomkeeper.systems import admission
from roomkeeper.systems.models import System


class Clock:
    """The time that rules are given; moved by hand."""

    def __init__(self) -> None:
        self.passed = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.passed


class DoorProcess:
    """What `serve` puts together, on ports of its own. `http` and `https` are its origins."""

    def __init__(self, tls: Path, *, handle: Any = None, **options: Any) -> None:
        self.clock = Clock()
        self.batcher = Batcher(now=self.clock, **({"handle": handle} if handle else {}))
        self._options = replace(settings.OPTIONS, **options)
        self._tls = tls
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.http = self.https = ""

    def start(self) -> "DoorProcess":
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(20)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: listeners.loop_of(self._options)) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self.batcher.start()
        door = front(application, self.batcher, self._options)
        context = certificates.context(self._tls / "tls" / "server.pem", self._tls / "tls" / "server-key.pem")
        sockets = [listeners.bind("127.0.0.1:0"), listeners.bind("127.0.0.1:0")]
        self.http = f"http://{listeners.bound_address(sockets[0])}"
        self.https = f"https://{listeners.bound_address(sockets[1])}"
        servers = [
            listeners.server(door, self._options, None),
            listeners.server(door, self._options, context),
        ]
        tasks = [
            asyncio.create_task(one.serve(sockets=[made])) for one, made in zip(servers, sockets, strict=True)
        ]
        while not all(one.started for one in servers):
            await asyncio.sleep(0.005)
        self._ready.set()
        await self._stopping.wait()
        for one in servers:
            one.should_exit = True
        await asyncio.gather(*tasks)
        await asyncio.to_thread(self.batcher.stop)


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our own CA and a server certificate."""
    folder = tmp_path_factory.mktemp("data")
    certificates.ensure(certificates.CertificateFiles.below(folder), ["127.0.0.1"], now=timezone.now())
    return folder


@pytest.fixture
def open_door(transactional_db: None, tls: Path) -> Iterator[Callable[..., DoorProcess]]:
    """Opens doors with settings of their own."""
    opened: list[DoorProcess] = []

    def start(**options: Any) -> DoorProcess:
        opened.append(DoorProcess(tls, **options).start())
        return opened[-1]

    yield start
    for one in opened:
        one.stop()


@pytest.fixture
def door(open_door: Callable[..., DoorProcess]) -> DoorProcess:
    """A door with the usual settings."""
    return open_door()


@pytest.fixture
def person(transactional_db: None) -> User:
    """Whoever decides."""
    return User.objects.create_user("administrator", password="correct horse battery")


class Systems:
    """Brings devices into the states that the rules tell apart."""

    def __init__(self, door: DoorProcess, person: User) -> None:
        self._door = door
        self._person = person
        self._number = 0

    def device(self, **values: str) -> Device:
        """A device that nobody knows yet."""
        self._number += 1
        number = f"{self._number:04X}"
        own = {
            "server": self._door.http,
            "serial": f"FTT2000{number}",
            "mac": f"02:AB:00:00:{number[:2]}:{number[2:]}",
            "name": f"Room {self._number}",
            "source": f"127.3.0.{self._number}",
            "reported": f"192.168.0.{self._number}",
        }
        return Device(**{**own, **values})

    def pending(self, **values: str) -> tuple[Device, System]:
        """A device that posted and waits in the inbox."""
        device = self.device(**values)
        assert device.event("Boot").status == 200
        return device, System.objects.get(serial_number=device.serial)

    def admitted(self, **values: str) -> tuple[Device, System]:
        """A managed device that has not been handed its secret yet."""
        device, system = self.pending(**values)
        admission.approve(system, user=self._person, now=self._door.clock())
        return device, system

    def proven(self, **values: str) -> tuple[Device, System]:
        """A managed device that posts with its secret."""
        device, system = self.admitted(**values)
        device.event()
        assert device.secret
        assert device.event().status == 200
        assert system.secrets.get().stage == "current"
        system.refresh_from_db()
        return device, system

    def pre_registered(self, device: Device, **values: str) -> System:
        """The record of a device that has not posted yet."""
        own = {"serial_number": device.serial, "mac_address": device.mac, "network": "127.0.0.0/8"}
        return admission.pre_register(user=self._person, now=self._door.clock(), **{**own, **values})

    def ignored(self) -> Device:
        device, system = self.pending()
        admission.ignore(system, user=self._person, now=self._door.clock())
        return device

    def blocked(self) -> Device:
        device, system = self.proven()
        admission.block(system, user=self._person, now=self._door.clock())
        return device


@pytest.fixture
def systems(door: DoorProcess, person: User) -> Systems:
    """Devices in every state, at the door."""
    return Systems(door, person)
