"""DHCP option 242: the servers' own programs read what the page gives, and nothing but an address gets in."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.adding.dhcp import (
    LONGEST,
    NoDhcpAddress,
    Snippet,
    can_be_told,
    is_ipv4,
    option_choices,
    snippets,
)
from roomkeeper.provisioning.server_addresses import ManagerValues
from roomkeeper.systems.models import NetworkSettings
from roomkeeper.systems.network_settings.outside import Place

# (address, as text): every form that the page offers.
FORMS = (
    ("192.0.2.5", False),
    ("192.0.2.5", True),
    ("rooms.example.org", True),
    ("r", True),
    ("a-b.9to5.example", True),
    (f"{'x' * 31}.{'y' * 32}", True),
)
HOSTILE = (
    "",
    "a b",
    'a"b',
    "a;b",
    "a\nb",
    "rooms.example.org\n",
    "a,b",
    "{}",
    "$(reboot)",
    "-a.example",
    "a-.example",
    "a..b",
    "a_b",
    "x" * (LONGEST + 1),
    "é.example",
    "192.0.2.256",
    "192.0.2",
    "2001:db8::1",
    "192.0.2.5/24",
)


def found(address: str, *, is_text: bool) -> dict[str, Snippet]:
    return {one.key: one for one in snippets(address, is_text=is_text)}


def program(name: str) -> str:
    """Where the program is; without it the test is skipped, and fails where continuous integration must have it."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
    if path is None:
        reason = f"{name} is not installed"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    # Kea wants to know where it may keep its files even when it only looks.
    kept = {name: str(folder) for name in ("KEA_LOCKFILE_DIR", "KEA_PIDFILE_DIR")}
    return subprocess.run(
        command, env={**os.environ, **kept}, check=False, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(("address", "is_text"), FORMS)
def test_kea_takes_it(tmp_path: Path, address: str, is_text: bool) -> None:
    file = tmp_path / "kea-dhcp4.conf"
    file.write_text(found(address, is_text=is_text)["kea"].text)
    done = run(program("kea-dhcp4"), "-t", file, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("address", "is_text"), FORMS)
def test_kea_takes_it_for_clients_that_do_not_ask(tmp_path: Path, address: str, is_text: bool) -> None:
    text = found(address, is_text=is_text)["kea"].forced
    assert json.loads(text)["Dhcp4"]["option-data"][0]["always-send"] is True
    file = tmp_path / "kea-dhcp4.conf"
    file.write_text(text)
    done = run(program("kea-dhcp4"), "-t", file, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("address", "is_text"), FORMS)
def test_dnsmasq_takes_it_for_clients_that_do_not_ask(tmp_path: Path, address: str, is_text: bool) -> None:
    text = found(address, is_text=is_text)["dnsmasq"].forced
    assert text.startswith("dhcp-option-force=242,")
    file = tmp_path / "dnsmasq.conf"
    file.write_text(text + "\n")
    done = run(program("dnsmasq"), "--test", f"--conf-file={file}", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_kea_finds_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "kea-dhcp4.conf"
    file.write_text(found("192.0.2.5", is_text=False)["kea"].text.replace("192.0.2.5", "192.0.2.500"))
    assert run(program("kea-dhcp4"), "-t", file, folder=tmp_path).returncode != 0


@pytest.mark.parametrize(("address", "is_text"), FORMS)
def test_dnsmasq_takes_it(tmp_path: Path, address: str, is_text: bool) -> None:
    file = tmp_path / "dnsmasq.conf"
    file.write_text(found(address, is_text=is_text)["dnsmasq"].text + "\n")
    done = run(program("dnsmasq"), "--test", f"--conf-file={file}", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_dnsmasq_finds_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "dnsmasq.conf"
    file.write_text("dhcp-option=nonsense,192.0.2.5\n")
    assert run(program("dnsmasq"), "--test", f"--conf-file={file}", folder=tmp_path).returncode != 0


def test_those_that_a_program_reads_here_and_no_others_are_called_checked() -> None:
    assert {one.key for one in snippets("192.0.2.5", is_text=True) if one.is_checked} == {"kea", "dnsmasq"}


def test_four_bytes_for_an_address_and_a_string_for_text() -> None:
    raw, text = found("192.0.2.5", is_text=False), found("a.example.org", is_text=True)
    assert (
        raw["isc"].text
        == "option external-manager code 242 = ip-address;\noption external-manager 192.0.2.5;"
    )
    assert (
        text["isc"].text
        == 'option external-manager code 242 = text;\noption external-manager "a.example.org";'
    )
    assert raw["dnsmasq"].text == "dhcp-option=242,192.0.2.5"
    assert text["dnsmasq"].text == 'dhcp-option=242,"a.example.org"'
    assert raw["netsh"].text.endswith("242 IPADDRESS 192.0.2.5")
    assert text["netsh"].text.splitlines()[0].endswith("STRING 0")
    assert "-Type IPv4Address" in raw["powershell"].text
    assert "-Type String" in text["powershell"].text
    assert raw["ios"].text.endswith(" option 242 ip 192.0.2.5")
    assert text["ios"].text.endswith(' option 242 ascii "a.example.org"')
    for one, kind in ((raw, "ipv4-address"), (text, "string")):
        assert json.loads(one["kea"].text)["Dhcp4"]["option-def"][0]["type"] == kind


@pytest.mark.parametrize("address", HOSTILE)
@pytest.mark.parametrize("is_text", [True, False])
def test_what_is_no_address_gets_in_nowhere(address: str, is_text: bool) -> None:
    with pytest.raises(NoDhcpAddress):
        snippets(address, is_text=is_text)


def test_a_name_has_no_four_bytes() -> None:
    with pytest.raises(NoDhcpAddress):
        snippets("rooms.example.org", is_text=False)


@given(st.text(max_size=80))
def test_no_text_breaks_out(text: str) -> None:
    if can_be_told(text):
        assert len(text) <= LONGEST
        assert all(sign.isascii() and (sign.isalnum() or sign in ".-") for sign in text)
    else:
        with pytest.raises(NoDhcpAddress):
            snippets(text, is_text=True)


@given(st.ip_addresses(v=4))
def test_every_ipv4_address_has_both_forms(address: object) -> None:
    assert is_ipv4(str(address))
    assert len(snippets(str(address), is_text=True)) == len(snippets(str(address), is_text=False))


PLACE = Place(("0.0.0.0:80",), ("0.0.0.0:443",), is_proxied=False)


def test_choices_come_from_network_settings_the_name_first_and_none_twice() -> None:
    settings = NetworkSettings(
        internal_fqdn="rooms.example.org",
        internal_ipv4="10.0.0.5",
        internal_ipv6="2001:db8::5",
        public_fqdn="rooms.example.org",
        public_ipv4="192.0.2.5",
    )
    choices = option_choices(ManagerValues(settings, PLACE))
    assert [(address, is_text) for address, is_text, _ in choices.values()] == [
        ("rooms.example.org", True),
        ("10.0.0.5", False),
        ("10.0.0.5", True),
        ("192.0.2.5", False),
        ("192.0.2.5", True),
    ]
    assert option_choices(ManagerValues(NetworkSettings(internal_ipv6="2001:db8::5"), PLACE)) == {}
