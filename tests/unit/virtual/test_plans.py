"""Plans and identities: the same on every run, never two alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from roomkeeper.virtual.identity import derive_address, derive_reported_address
from roomkeeper.virtual.manager_address import DEFAULT_PATH, BadManagerAddress, ManagerAddress
from roomkeeper.virtual.plan import BadPlan, Wish, check_apart, expand, read_plan


def test_the_same_wish_gives_the_same_endpoints() -> None:
    wish = Wish(manager="http://127.0.0.1:8080", count=300)
    assert expand(wish) == expand(wish)
    assert expand(wish) != expand(Wish(manager="http://127.0.0.1:8080", count=300, seed="other"))


def test_thousands_are_all_different() -> None:
    plans = [
        *expand(Wish(count=3000)),
        *expand(Wish(count=1000, mode="public")),
        *expand(Wish(count=1000, mode="behind-firewall")),
    ]
    check_apart(plans)
    assert len({one.identity.name for one in plans[:3000]}) == 3000


def test_modes_have_the_addresses_of_the_loopback_plan() -> None:
    lan, public, behind = (
        expand(Wish(mode=mode))[0].identity for mode in ("lan", "public", "behind-firewall")
    )
    assert (lan.address, lan.reported_address) == ("127.1.0.1", "127.1.0.1")
    assert (public.address, public.reported_address) == ("127.2.0.1", "10.2.0.1")
    assert (behind.address, behind.reported_address) == ("127.3.0.1", "192.168.0.1")


@pytest.mark.parametrize(
    ("index", "address"), [(0, "127.1.0.1"), (253, "127.1.0.254"), (254, "127.1.1.1"), (508, "127.1.2.1")]
)
def test_addresses_pass_over_0_and_255(index: int, address: str) -> None:
    assert derive_address("127.1.0.1", index) == address
    assert derive_address("127.1.0.10", 0) == "127.1.0.10"


def test_reported_addresses() -> None:
    assert derive_reported_address("public", "127.2.3.4") == "10.2.3.4"
    assert derive_reported_address("behind-firewall", "127.3.3.4") == "192.168.3.4"


@pytest.mark.parametrize(
    ("url", "protocol", "address", "path"),
    [
        ("http://127.0.0.1:8080", "HTTP", "127.0.0.1:8080", DEFAULT_PATH),
        ("https://rooms.example.org/", "HTTPS", "rooms.example.org", DEFAULT_PATH),
        ("http://[::1]:80/x/y", "HTTP", "[::1]:80", "x/y"),
        ("rooms.example.org", "HTTP", "rooms.example.org", DEFAULT_PATH),
    ],
)
def test_manager_addresses(url: str, protocol: str, address: str, path: str) -> None:
    assert ManagerAddress.parse(url) == ManagerAddress(protocol, address, path)


def test_what_is_no_manager_is_refused() -> None:
    with pytest.raises(BadManagerAddress):
        ManagerAddress.parse("ftp://x")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mode": "moon"}, "there are lan"),
        ({"profile": "vcr"}, "no profile named"),
        ({"count": 2, "serial": "X"}, "single endpoint"),
        ({"secure": True, "manager": "http://x"}, "https://"),
        ({"mac": "12"}, "not a MAC address"),
        ({"heartbeat": 0.0}, "positive"),
        ({"address": "127.1.0.0"}, "not an address"),
    ],
)
def test_wishes_that_cannot_be(changes: dict[str, object], words: str) -> None:
    with pytest.raises(BadPlan, match=words):
        expand(Wish(**changes))  # type: ignore[arg-type]


def test_plan_file(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text(
        '[defaults]\nmanager = "https://127.0.0.1:8443"\nverify = false\nheartbeat = 10\n'
        '[[endpoint]]\nname = "Boardroom"\nprofile = "sx20-tc7"\nmac = "02-00-00-00-00-99"\n'
        '[[endpoint]]\ncount = 2\n[[endpoint]]\nname = "Vault"\nmode = "behind-firewall"\nsecure = true\n'
    )
    plans = read_plan(file)
    assert [one.identity.name for one in plans] == ["Boardroom", "Room Kit 2", "Room Kit 3", "Vault"]
    assert [one.identity.address for one in plans] == ["127.1.0.1", "127.1.0.2", "127.1.0.3", "127.3.0.1"]
    assert plans[0].identity.mac == "02:00:00:00:00:99"
    assert {one.is_verifying for one in plans} == {False}
    assert plans[3].is_secure


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[endpoint]]\ncolour = 1\n", "unknown colour"),
        ('[[endpoint]]\ncount = "two"\n', "count should be a int"),
        ("[other]\n", "unknown other"),
        ("[[endpoint", "fleet.toml"),
        ('[[endpoint]]\nserial = "A"\n[[endpoint]]\nserial = "A"\n', "two endpoints have the serial A"),
    ],
)
def test_plan_files_that_say_what_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text(text)
    with pytest.raises(BadPlan, match=words):
        read_plan(file)


def test_groups_of_one_network_take_its_addresses_one_after_the_other(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(
        """
        [defaults]
        manager = "http://127.0.0.1:8080"
        [[network]]
        name = "Home users"
        mode = "behind-firewall"
        address = "127.3.40.1"
        reported_from = "192.168.40.20"
        [[endpoint]]
        network = "Home users"
        count = 2
        [[endpoint]]
        network = "Home users"
        count = 1
        """
    )
    made = read_plan(plan)
    assert [one.identity.address for one in made] == ["127.3.40.1", "127.3.40.2", "127.3.40.3"]
    assert [one.identity.reported_address for one in made] == [
        "192.168.40.20",
        "192.168.40.21",
        "192.168.40.22",
    ]
    assert {one.mode for one in made} == {"behind-firewall"}
    assert len({one.identity.serial for one in made}) == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[network]]\nmode = "lan"\n', "name of its own"),
        ('[[network]]\nname = "A"\n', "first address"),
        ('[[endpoint]]\nnetwork = "B"\n', "no network 'B'"),
    ],
)
def test_a_network_that_is_incomplete_or_missing_is_refused(tmp_path: Path, text: str, words: str) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(text)
    with pytest.raises(BadPlan, match=words):
        read_plan(plan)
