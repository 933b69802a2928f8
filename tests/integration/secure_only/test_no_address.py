"""Where this server has no address by HTTPS for a system, its proof could not come: the plan says so beforehand, and
who waits for it is held with that reason."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from tests.integration.secure_only.test_moving import NOW, make, moving, start, step  # noqa: F401 - make is a fixture

from roomkeeper.secure_only import planning
from roomkeeper.secure_only.models import Move
from roomkeeper.systems import network_settings
from roomkeeper.systems.models import Connectivity, Contact, HttpsProof, System

TRUSTED = Move.Trust.TRUSTED
DIRECT = {"http": ("10.0.0.5:80",), "https": ("10.0.0.5:443",), "trusted_proxies": ()}
PROXIED = {"http": ("127.0.0.1:8080",), "https": (), "trusted_proxies": ("127.0.0.1/32",)}
LAN, AWAY = Connectivity.REACHABLE_ON_LAN, Connectivity.BEHIND_FIREWALL
NOT_OFFERED = {"outside_public_https_port": 0}
ELSEWHERE = "203.0.113.9"


@pytest.fixture
def stand(settings):
    """Where the server stands from now on."""

    def put(**where) -> None:
        settings.OPTIONS = replace(django_settings.OPTIONS, **where)

    return put


def set_fields(**values) -> None:
    network_settings.update(values, user=None, now=NOW)


def used(system: System, host: str, source: str = ELSEWHERE) -> None:
    Contact.objects.filter(system=system).update(used_host=host, source_address=source)


def judge(*systems: System) -> list[tuple[str, str]]:
    return [
        (one.verdict, one.reason) for one in planning.plan(systems, is_secure=True, trust=TRUSTED).members
    ]


@pytest.mark.parametrize(
    ("where", "fields", "host", "words"),
    [
        (DIRECT, {}, "10.0.0.5", ""),
        (PROXIED, {}, "rooms.example.org", ""),
        (PROXIED, {"outside_public_host": "rooms.example.org"}, "127.0.0.1:8080", ""),
        # It has not said by which host it calls: its next post will.
        (PROXIED, {}, "", ""),
        (DIRECT, NOT_OFFERED, "10.0.0.5", "outside HTTPS port is 0"),
        (
            PROXIED,
            {**NOT_OFFERED, "outside_public_host": "rooms.example.org"},
            "10.0.0.5",
            "on the public side",
        ),
        (DIRECT | {"https": ()}, {}, "10.0.0.5", "listens for no HTTPS"),
        (PROXIED, {}, "127.0.0.1:8080", "set the public host of the outside address"),
    ],
)
def test_plan_says_that_no_proof_could_come(make, stand, where, fields, host, words):  # noqa: F811
    stand(**where)
    set_fields(**fields)
    system = make(1, AWAY)
    used(system, host)
    ((verdict, reason),) = judge(system)
    assert verdict == ("cannot" if words else "move")
    assert words in reason


def test_each_side_is_judged_by_itself(make, stand):  # noqa: F811
    stand(**DIRECT)
    set_fields(**NOT_OFFERED)
    near, away = make(1, LAN), make(2, AWAY)
    used(near, "10.0.0.5", "10.7.7.7")
    used(away, "10.0.0.5")
    assert [verdict for verdict, _ in judge(near, away)] == ["move", "cannot"]


@pytest.mark.parametrize("when", ["before its wave", "while it proves itself"])
def test_who_waits_is_held_once_the_address_is_gone(make, stand, when):  # noqa: F811
    stand(**DIRECT)
    system = make(1, AWAY)
    used(system, "10.0.0.5")
    move = start([system])
    if when == "while it proves itself":
        step()
        assert move.members.get().state == "proving"
    set_fields(**NOT_OFFERED)
    step(3)
    member = move.members.get()
    assert (member.state, member.system.https_proof) == ("held", HttpsProof.NONE)
    assert "outside HTTPS port is 0" in member.reason
    # Its protocol was never touched, and it can be tried once the address is back.
    assert not member.system.is_secure_only
    set_fields(outside_public_https_port=None)
    moving.try_again(member, now=NOW + timedelta(seconds=4))
    step(5)
    assert move.members.get().state == "proving"


@pytest.mark.parametrize(
    ("where", "trust", "words"),
    [
        (PROXIED, Move.Trust.INSTALL_CA, "the proxy before this server ends TLS"),
        (PROXIED, TRUSTED, ""),
        # TLS is passed through, or nothing stands before the server: its own certificate is seen.
        (PROXIED | {"https": ("127.0.0.1:8443",)}, Move.Trust.INSTALL_CA, ""),
        (DIRECT, Move.Trust.INSTALL_CA, ""),
    ],
)
def test_plan_says_whose_certificate_systems_see(make, stand, where, trust, words):  # noqa: F811
    stand(**where)
    system = make(1, AWAY)
    used(system, "rooms.example.org")
    Contact.objects.filter(system=system).update(scheme="https")
    System.objects.filter(pk=system.pk).update(software_version="ce10.9.1")
    system.refresh_from_db()
    (member,) = planning.plan([system], is_secure=True, trust=trust).members
    assert member.verdict == "move"
    assert member.reason.startswith(words)
    assert bool(member.reason) is bool(words)
