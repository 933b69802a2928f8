"""Posting to the batch function itself: the real database, a clock that is handed in, no sockets."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from roomkeeper.external_manager import batch
from roomkeeper.external_manager.posts import Post, Reply, Service
from roomkeeper.protocols.answer_reading import decode_answer
from roomkeeper.protocols.external_manager import Answer, decode_post_event
from roomkeeper.protocols.feedback import decode_feedback
from roomkeeper.systems import network_settings
from roomkeeper.systems.check_ins.checkin import Arrival

START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


@dataclass
class Device:
    """A device as its posts show it: written by hand, without the product's encoders."""

    serial: str = "FTT00000001"
    mac: str = "00:11:22:33:00:01"
    name: str = "Boardroom"
    address: str = "10.1.2.3"
    source: str = "10.1.2.3"
    host: str = "10.0.0.5:8080"
    scheme: str = "http"
    version: str = "ce9.6.1.4516ae5aaa1"
    secret: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    def identification(self) -> str:
        return (
            f"<Identification><SystemName>{self.name}</SystemName><MACAddress>{self.mac}</MACAddress>"
            f"<IPAddress>{self.address}</IPAddress><ProductType>TANDBERG Codec</ProductType>"
            f"<ProductID>Cisco Codec</ProductID><SWVersion>{self.version}</SWVersion><HWBoard></HWBoard>"
            f"<SerialNumber>{self.serial}</SerialNumber></Identification>"
        )

    def arrival(self, path: str) -> Arrival:
        return Arrival(self.source, self.host, self.scheme, path)

    def event(self, word: str = "Beat") -> Post:
        namespace = "http://www.tandberg.net/2004/11/SystemManagementService/"
        raw = (
            '<?xml version="1.0" encoding="utf-8"?>\n<env:Envelope'
            f' xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body><PostEvent xmlns="{namespace}">'
            f"{self.identification()}<Event>{word}</Event></PostEvent></env:Body></env:Envelope>"
        ).encode()
        return Post(Service.EVENTS, self.secret, self.arrival("/events"), raw, decode_post_event(raw))

    def document(self, location: str, content: str) -> Post:
        raw = (
            f"<PostedDocument>{self.identification()}<Location>{location}</Location>{content}</PostedDocument>"
        ).encode()
        return Post(Service.DOCUMENTS, self.secret, self.arrival("/documents"), raw, decode_feedback(raw))

    def configuration(self, settings: dict[str, str]) -> Post:
        return self.document(
            "/Configuration",
            f'<Configuration product="Cisco Codec" version="{self.version}">'
            + "".join(nested(path.split("/"), value) for path, value in settings.items())
            + "</Configuration>",
        )

    def status(self, values: dict[str, str]) -> Post:
        return self.document(
            "/Status",
            f'<Status product="Cisco Codec" version="{self.version}">'
            + "".join(nested(path.split("/"), value) for path, value in values.items())
            + "</Status>",
        )

    def feedback(self, body: str) -> Post:
        raw = body.replace("<!--id-->", self.identification()).encode()
        return Post(Service.FEEDBACK, self.secret, self.arrival("/feedback"), raw, decode_feedback(raw))


def nested(path: list[str], value: str) -> str:
    """`SIP/Proxy[1]/Address` as elements."""
    if not path:
        return value
    name, _, index = path[0].partition("[")
    item = f' item="{index.rstrip("]")}"' if index else ""
    return f"<{name}{item}>{nested(path[1:], value)}</{name}>"


@dataclass
class Manager:
    """The batch function with a clock; posts are handled one a batch unless several are given."""

    now: datetime = START

    def post(self, *posts: Post) -> list[Reply]:
        batch.handle(list(posts), settings=network_settings.get(), now=self.now)
        assert all(post.reply is not None for post in posts)
        return [post.reply for post in posts if post.reply is not None]

    def beat(self, device: Device, word: str = "Beat") -> Answer:
        return decode_answer(self.post(device.event(word))[0].body)

    def wait(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@pytest.fixture
def manager(db: None) -> Manager:
    network_settings.update({"internal_ipv4": "10.0.0.5", "public_ipv4": "192.0.2.5"}, user=None, now=START)
    return Manager()


@pytest.fixture
def device() -> Device:
    return Device()


def secret_in(answer: Answer) -> str:
    """The secret that the answer hands over in the manager's path, or ""."""
    for setting in answer.settings:
        if setting.path == "Provisioning/ExternalManager/Path":
            return setting.value.rpartition("/")[2]
    return ""


@pytest.fixture
def prove(manager: Manager) -> Callable[[Device], None]:
    """Admit the device by hand and let it use the secret it is handed."""
    from roomkeeper.systems import admission
    from roomkeeper.systems.models import System

    def admit_and_prove(device: Device) -> None:
        manager.beat(device, "Boot")
        system = System.objects.get(serial_number=device.serial)
        admission.approve(system, user=None, now=manager.now)
        device.secret = secret_in(manager.beat(device, "Register"))
        assert re.fullmatch("[a-z2-7]{32}", device.secret)
        manager.beat(device)

    return admit_and_prove
