"""The newest report is the newest: documents read and posted, feedback, and what is sent, stored in any order.

A device of the test's own changes by itself and by what it is handed. What stands must be what it had at some moment
that is not before any moment of which we have heard.
"""

import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from roomkeeper.external_manager.posts import Post
from roomkeeper.provisioning import planning, reading
from roomkeeper.provisioning.models import ChangeItem, Drift
from roomkeeper.systems import documents, timeline
from roomkeeper.systems.documents import WHOLE_CONFIGURATION
from roomkeeper.systems.models import (
    ConfigurationVersion,
    Exchange,
    FactChange,
    StoredDocument,
    System,
    TimelineEntry,
)
from tests.integration.batch.conftest import Device, Manager, nested

WANTED = "Audio/DefaultVolume"
SETTINGS = ("SIP/ListenPort", "Standby/Delay")
SIP = "SIP/Registration[1]/Status"
STATUS = (SIP, "Standby/State")
CALL = "Call[22]"
FILLER = {f"Filler/Part{number}/Value": "x" for number in range(WHOLE_CONFIGURATION)}


@pytest.fixture
def proven(device, prove):
    prove(device)
    return device


def system() -> System:
    return System.objects.get(serial_number="FTT00000001")


@dataclass
class World:
    """A device with its history, what is on its way, and what we have heard of each path by now."""

    manager: Manager
    proven: Device
    history: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)
    heard: dict[str, datetime] = field(default_factory=dict)
    asked: list[tuple[str, datetime]] = field(default_factory=list)
    answered: list[reading.Fetched] = field(default_factory=list)
    posts: list[tuple[Post, list[str]]] = field(default_factory=list)

    def has(self, path: str) -> str:
        return self.history[path][-1][1] if path in self.history else ""

    def change(self, path: str, value: str, *, tells: bool) -> None:
        self.history.setdefault(path, []).append((self.manager.now, value))
        if tells:
            self.compose(self.proven.feedback(self.feedback_of(path, value)), [path])

    def feedback_of(self, path: str, value: str) -> str:
        if path.startswith("Call["):
            number = path[5:-1]
            inside = (
                f'<Call item="{number}" maxOccurrence="n"><Status>{value}</Status></Call>'
                if value
                else f'<Call ghost="True" item="{number}" maxOccurrence="n"/>'
            )
            return f"<Status><!--id-->{inside}</Status>"
        kind = "Status" if path in STATUS else "Configuration"
        return f"<{kind}><!--id-->{nested(path.split('/'), value)}</{kind}>"

    def compose(self, post: Post, paths: list[str]) -> None:
        post.arrived_at = self.manager.now
        self.posts.append((post, paths))

    def paths(self, kind: str) -> list[str]:
        if kind == "configuration":
            return [WANTED, *SETTINGS]
        return [*STATUS, *(path for path in self.history if path.startswith("Call["))]

    def document(self, kind: str) -> str:
        if kind == "configuration":
            values = {**FILLER, **{path: self.has(path) for path in self.paths(kind)}}
            inside = "".join(nested(path.split("/"), value) for path, value in values.items())
            return f'<Configuration product="Cisco Codec" version="ce9.6.1">{inside}</Configuration>'
        inside = "".join(
            f'<Call item="{path[5:-1]}" maxOccurrence="n"><Status>{self.has(path)}</Status></Call>'
            if path.startswith("Call[")
            else nested(path.split("/"), self.has(path))
            for path in self.paths(kind)
            if self.has(path)
        )
        return f'<Status product="Cisco Codec" version="ce9.6.1">{inside}</Status>'

    def hear(self, paths: list[str], at: datetime) -> None:
        for path in paths:
            self.heard[path] = max(at, self.heard.get(path, at))

    # What may happen, in any order.

    def ask(self, kind: str) -> None:
        self.asked.append((kind, self.manager.now))

    def answer(self, which: int) -> None:
        if self.asked:
            kind, at = self.asked.pop(which % len(self.asked))
            payload = self.document(kind).encode()
            self.answered.append(reading.Fetched(system().pk, kind, payload, at))

    def store(self, which: int) -> None:
        if self.answered:
            one = self.answered.pop(which % len(self.answered))
            # A call that began after the question may be missing in the answer.
            paths = [path for path in self.paths(one.kind) if self.history[path][0][0] <= one.asked_at]
            self.hear(paths, one.asked_at)
            assert not reading.keep([one], now=self.manager.now)[one.system_id].failures

    def post(self, kind: str) -> None:
        location = f"/{kind.capitalize()}"
        self.compose(self.proven.document(location, self.document(kind)), self.paths(kind))

    def deliver(self, which: int) -> None:
        if self.posts:
            post, paths = self.posts.pop(which % len(self.posts))
            assert post.arrived_at is not None
            self.hear(paths, post.arrived_at)
            self.manager.post(post)

    def beat(self) -> None:
        for setting in self.manager.beat(self.proven).settings:
            if setting.path in self.paths("configuration"):
                self.change(setting.path, setting.value, tells=False)

    def wish(self, value: str) -> None:
        care = planning.Care(during_calls=True)
        planning.create_change_set([system()], {WANTED: value}, user=None, now=self.manager.now, care=care)

    # What must be so.

    def allowed(self, path: str) -> set[str]:
        """What the path had at the moment that we heard of last, and since."""
        since = self.heard[path]
        before = [value for at, value in self.history[path] if at <= since]
        return {*before[-1:], *(value for at, value in self.history[path] if at > since)}

    def check(self) -> None:
        configuration = documents.reported_configuration(system().pk)
        values = documents.status_values(system().pk)
        calls = system().calls.get("numbered", {})
        for path in self.heard:
            if path.startswith("Call["):
                found = "Connected" if path[5:-1] in calls else ""
                assert (f"{path}/Status" in values) == bool(found), path
            elif path in STATUS:
                found = values.get(path, "")
            else:
                found = configuration.settings.get(path, "") if configuration else self.has(path)
            assert found in self.allowed(path), (path, found, self.allowed(path))
        assert system().in_call == bool(calls)
        # Nobody but us sets it, and the device takes it at once: it is never written twice.
        assert not ChangeItem.objects.filter(rounds__gt=1).exists()
        assert not ChangeItem.objects.filter(state="waiting", rounds__gt=0).exists()
        assert not ChangeItem.objects.filter(state="failed").exists()


KINDS = st.sampled_from(["status", "configuration"])
WHICH = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(st.just("ask"), KINDS),
    st.tuples(st.just("answer"), WHICH),
    st.tuples(st.just("store"), WHICH),
    st.tuples(st.just("post"), KINDS),
    st.tuples(st.just("deliver"), WHICH),
    st.tuples(st.just("beat")),
    st.tuples(st.just("wish"), st.sampled_from(["41", "42", "43"])),
    st.tuples(
        st.just("change"), st.sampled_from([*SETTINGS, *STATUS]), st.sampled_from(["a", "b"]), st.booleans()
    ),
    st.tuples(
        st.just("change"),
        st.sampled_from(["Call[1]", CALL]),
        st.sampled_from(["Connected", ""]),
        st.just(True),
    ),
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, max_size=40))
# A poll was asked, then the system told of a change, and the poll is stored after that.
@example(steps=[("ask", "status"), ("answer", 0), ("change", SIP, "b", True), ("deliver", 0), ("store", 0)])
@example(
    steps=[
        ("ask", "configuration"),
        ("answer", 0),
        ("change", SETTINGS[0], "b", True),
        ("deliver", 0),
        ("store", 0),
    ]
)
@example(
    steps=[
        ("ask", "status"),
        ("answer", 0),
        ("change", CALL, "Connected", True),
        ("deliver", 0),
        ("store", 0),
    ]
)
# Two polls are stored the other way round; a post overtakes a poll.
@example(
    steps=[
        *[("ask", "configuration"), ("answer", 0), ("change", SETTINGS[0], "b", False)],
        *[("ask", "configuration"), ("answer", 0), ("store", 1), ("store", 0)],
    ]
)
@example(
    steps=[
        ("ask", "status"),
        ("answer", 0),
        ("change", SIP, "b", False),
        ("post", "status"),
        ("deliver", 0),
        ("store", 0),
    ]
)
# A setting is sent while a poll is in progress, and read back before the poll is stored.
@example(
    steps=[
        *[("ask", "configuration"), ("answer", 0), ("wish", "41"), ("beat",)],
        *[("ask", "configuration"), ("answer", 0), ("store", 1), ("store", 0)],
    ]
)
@example(steps=[("ask", "configuration"), ("answer", 0), ("wish", "41"), ("beat",), ("store", 0)])
# Feedback is stored in another order than it was told in.
@example(
    steps=[("change", CALL, "Connected", True), ("change", CALL, "", True), ("deliver", 1), ("deliver", 0)]
)
@example(steps=[("change", SIP, "b", True), ("change", SIP, "a", True), ("deliver", 1), ("deliver", 0)])
def test_what_stands_is_never_older_than_what_was_heard(manager: Manager, proven: Device, steps) -> None:
    began_at = manager.now
    try:
        with transaction.atomic():
            _live(World(manager, proven), steps)
            transaction.set_rollback(True)
    finally:
        manager.now = began_at


def _live(world: World, steps) -> None:
    for path, value in {WANTED: "40", **dict.fromkeys(SETTINGS, "a"), **dict.fromkeys(STATUS, "a")}.items():
        world.change(path, value, tells=False)
    for name, *arguments in steps:
        world.manager.wait(milliseconds=100)
        if name == "change":
            *rest, tells = arguments
            world.change(*rest, tells=tells)
        else:
            getattr(world, name)(*arguments)
        world.check()
    world.beat()
    for kind in ("status", "configuration"):
        world.manager.wait(milliseconds=100)
        world.ask(kind)
        world.answer(-1)
        world.store(-1)
        world.check()
    _stands_as_it_is(world)
    # What comes after it, however old, changes nothing any more.
    facts_before = FactChange.objects.count()
    for _ in range(len(world.posts)):
        world.manager.wait(milliseconds=100)
        world.deliver(0)
    while world.asked or world.answered:
        world.answer(0)
        world.store(0)
    _stands_as_it_is(world)
    assert FactChange.objects.count() == facts_before


def _stands_as_it_is(world: World) -> None:
    configuration = documents.reported_configuration(system().pk)
    values = documents.status_values(system().pk)
    assert configuration is not None
    assert {path: configuration.settings[path] for path in world.paths("configuration")} == {
        path: world.has(path) for path in world.paths("configuration")
    }
    assert {path: values[path] for path in STATUS} == {path: world.has(path) for path in STATUS}
    assert documents.status_facts(system().pk).facts[SIP] == world.has(SIP)
    calls = {path[5:-1] for path in world.history if path.startswith("Call[") and world.has(path)}
    assert set(system().calls.get("numbered", {})) == calls
    assert set(ChangeItem.objects.values_list("state", flat=True)) <= {"confirmed", "superseded"}
    assert not Drift.objects.filter(ended_at=None).exclude(layer="management").exists()


def read(kind: str, body: str, asked_at: datetime) -> reading.Fetched:
    return reading.Fetched(system().pk, kind, body.encode(), asked_at)


def test_older_status_is_kept_on_the_timeline_and_changes_nothing(manager: Manager, proven: Device) -> None:
    asked_at = manager.now
    manager.wait(seconds=2)
    manager.post(proven.status({SIP: "Registered", "SystemUnit/ProductId": "New"}))
    manager.wait(seconds=2)
    old = f'<Status version="x">{nested(SIP.split("/"), "Failed")}</Status>'
    reading.keep([read("status", old, asked_at)], now=manager.now)
    assert documents.status_values(system().pk)[SIP] == "Registered"
    assert system().product == "New"
    assert not FactChange.objects.exists()
    entry = TimelineEntry.objects.get(summary__contains="came after a newer one")
    assert b"Failed" in timeline.request_text(Exchange.objects.get(entry=entry)).encode()


def test_older_configuration_is_a_version_of_the_history(manager: Manager, proven: Device) -> None:
    asked_at = manager.now
    manager.wait(seconds=2)
    manager.post(proven.configuration({WANTED: "44"}))
    manager.wait(seconds=2)
    old = f'<Configuration version="x">{nested(WANTED.split("/"), "12")}</Configuration>'
    reading.keep([read("configuration", old, asked_at)], now=manager.now)
    standing = documents.reported_configuration(system().pk)
    assert standing is not None
    assert standing.settings == {WANTED: "44"}
    versions = ConfigurationVersion.objects.filter(system=system()).order_by("last_at")
    assert [documents.unpack_configuration(one).settings[WANTED] for one in versions] == ["12", "44"]


@pytest.mark.parametrize("kind", ["valuespace", "command"])
def test_descriptions_of_the_software_before_an_upgrade_are_not_taken(
    manager: Manager, proven: Device, kind: str
) -> None:
    def body(name: str) -> str:
        if kind == "command":
            return f'<Command version="x"><{name}><Do command="True"/></{name}></Command>'
        return f'<Valuespace version="x"><{name} type="Literal"><Value>On</Value></{name}></Valuespace>'

    def kept() -> bytes:
        return b"".join(
            zlib.decompress(bytes(one.content)) for one in StoredDocument.objects.filter(kind=kind)
        )

    manager.post(proven.status({"SystemUnit/Software/Version": "ce9.15.0"}))
    manager.wait(seconds=1)
    asked_at = manager.now
    manager.wait(seconds=1)
    manager.post(proven.status({"SystemUnit/Software/Version": "ce9.15.17"}))
    reading.keep([read(kind, body("Old"), asked_at)], now=manager.now)
    assert not kept()
    manager.wait(seconds=1)
    reading.keep([read(kind, body("Newer"), manager.now)], now=manager.now)
    reading.keep([read(kind, body("Between"), manager.now - timedelta(milliseconds=500))], now=manager.now)
    assert b"Newer" in kept()
    assert b"Between" not in kept()


def test_a_clock_that_was_set_back_holds_nobody_up(manager: Manager, proven: Device) -> None:
    manager.post(proven.status({SIP: "Registered"}), proven.configuration({WANTED: "44"}))
    manager.wait(hours=-1)
    manager.post(proven.status({SIP: "Failed"}), proven.configuration({WANTED: "45"}))
    assert documents.status_values(system().pk)[SIP] == "Failed"
    standing = documents.reported_configuration(system().pk)
    assert standing is not None
    assert standing.settings[WANTED] == "45"
