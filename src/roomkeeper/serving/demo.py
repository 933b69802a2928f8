"""The demonstration: an administrator, pre-registered systems, and a fleet of virtual endpoints as a child process.

Nothing is decided here: the systems are admitted by rule, probed, and told apart by R1 like any others (rule R2).
"""

import json
import secrets
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from roomkeeper.accounts.models import Role, User
from roomkeeper.accounts.people import one_time_password
from roomkeeper.accounts.permissions import assign
from roomkeeper.systems import admission, inventory, network_settings
from roomkeeper.systems.models import Folder, System


class DevicePorts(NamedTuple):
    """The ports on which every endpoint of a fleet that can be called listens."""

    http: int
    https: int


INTERNAL, PUBLIC = "127.0.0.1", "127.0.0.2"
# The endpoints' ports are the server's and this: two demonstrations on one machine have the same endpoints' addresses.
BEYOND = 10_000
USUAL = DevicePorts(http=18080, https=18443)
ADMINISTRATOR = "administrator"
DEVICE_USER = "admin"

_PROFILES = ("sx10-ce9.6", "room-kit-roomos10")
# The fixed cast first, then one of each mode combined, then more rooms in turn.
_CAST = (
    ("Boardroom", "lan", False),
    ("Home Office", "behind-firewall", False),
    ("Lobby", "public", False),
    ("Vault", "lan", True),
    ("Branch Oslo", "public", True),
    ("Field Unit", "behind-firewall", True),
)
_ROOMS = ("Auditorium", "Huddle", "Classroom", "Courtroom", "Ward", "Seminar", "Workshop", "Studio")
_MODES = ("lan", "behind-firewall", "public")


@dataclass(frozen=True, slots=True)
class Room:
    """One endpoint of the demonstration's fleet."""

    name: str
    mode: str
    is_secure: bool
    profile: str
    address: str
    reported_address: str
    serial_number: str
    mac_address: str


def rooms(number: int) -> list[Room]:
    """The fleet's rooms; the same for the same number, addresses by the loopback plan (rule R2)."""
    found = []
    for index in range(number):
        if index < len(_CAST):
            name, mode, is_secure = _CAST[index]
        else:
            beyond = index - len(_CAST)
            name = f"{_ROOMS[beyond % len(_ROOMS)]} {beyond // len(_ROOMS) + 1}"
            mode, is_secure = _MODES[beyond % len(_MODES)], beyond % 5 == 4
        high, low = divmod(index + 10, 250)
        second = {"lan": 1, "public": 2, "behind-firewall": 3}[mode]
        address = f"127.{second}.{high}.{low + 1}"
        reported = {
            "lan": address,
            "public": f"10.20.{high}.{low + 1}",
            "behind-firewall": f"192.168.{high}.{low + 1}",
        }
        found.append(
            Room(
                name=name,
                mode=mode,
                is_secure=is_secure,
                profile=_PROFILES[index % len(_PROFILES)],
                address=address,
                reported_address=reported[mode],
                serial_number=f"FDM2{index:07d}"[:11],
                mac_address=f"02:00:5E:00:{index // 256:02X}:{index % 256:02X}",
            )
        )
    return found


def device_ports(http: Sequence[str], https: Sequence[str]) -> DevicePorts:
    """The fleet's ports for a server with these listeners, HOST:PORT: 18080 and 18443 where it has the usual ones."""
    return DevicePorts(_beyond(http, USUAL.http), _beyond(https, USUAL.https))


def _beyond(listeners: Sequence[str], usual: int) -> int:
    port = next((int(one.rpartition(":")[2]) for one in listeners), 0)
    if not port:
        return usual
    return port + BEYOND if port + BEYOND < 65_536 else port - BEYOND


def prepare(number: int, password_file: Path, ports: DevicePorts) -> str:
    """Network settings, an administrator with a one-time password (returned), and pre-registered systems."""
    now = datetime.now(UTC)
    network_settings.update(
        {
            "internal_ipv4": INTERNAL,
            "public_ipv4": PUBLIC,
            "device_http_port": ports.http,
            "device_https_port": ports.https,
            "admission_networks": ["127.0.0.0/8"],
            # Nobody waits a quarter of an hour for a demonstration.
            "heartbeat_idle": 15,
            "heartbeat_waiting": 5,
            "heartbeat_watched": 5,
            "heartbeat_admitted": 5,
        },
        user=None,
        now=now,
    )
    password = one_time_password()
    user, _ = User.objects.get_or_create(username=ADMINISTRATOR)
    user.set_password(password)
    user.must_change_password = True
    user.save()
    root = inventory.root_folder()
    assign(user, root, Role.ADMINISTRATOR)
    device_password = _device_password(password_file)
    folders = {
        mode: _folder(root, name)
        for mode, name in (("lan", "Headquarters"), ("public", "Branches"), ("behind-firewall", "Remote"))
    }
    for room in rooms(number):
        known = System.objects.filter(serial_number=room.serial_number).first()
        if known is not None:
            # The fleet is as new at every start, like devices after a factory reset.
            admission.readmit(known, user=user, now=now)
        else:
            admission.pre_register(
                user=user,
                now=now,
                serial_number=room.serial_number,
                mac_address=room.mac_address,
                name=room.name,
                folder=folders[room.mode],
                tags=["demo"],
                username=DEVICE_USER,
                password=device_password,
                is_secure_only=room.is_secure,
            )
    return password


def write_plan(
    path: Path, number: int, ports: DevicePorts, *, http: str, https: str, ca_file: Path, password_file: Path
) -> None:
    """The fleet's plan for `roomkeeper virtual run --plan`; `http` and `https` are ports of the listeners."""
    lines = []
    for room in rooms(number):
        host = INTERNAL if room.mode == "lan" else PUBLIC
        scheme, port = ("https", https) if room.is_secure else ("http", http)
        table = {
            "name": room.name,
            "profile": room.profile,
            "mode": room.mode,
            "secure": room.is_secure,
            "address": room.address,
            "reported_address": room.reported_address,
            "serial": room.serial_number,
            "mac": room.mac_address,
            "manager": f"{scheme}://{host}:{port}",
            "username": DEVICE_USER,
            "password": _device_password(password_file),
            "http_port": ports.http,
            "https_port": ports.https,
            "heartbeat": 5,
            "ca_file": str(ca_file),
        }
        # JSON's strings, numbers and booleans are TOML's.
        lines += ["[[endpoint]]", *(f"{key} = {json.dumps(value)}" for key, value in table.items()), ""]
    path.write_text("\n".join(lines), "utf-8")
    path.chmod(0o600)


def start_fleet(plan: Path, log: Path) -> subprocess.Popen[bytes]:
    """The fleet as a child process; it ends with us. If it ends by itself, its last words are printed."""
    command = [sys.executable, "-m", "roomkeeper.cli.main", "virtual", "run", "--plan", str(plan)]
    with log.open("ab") as file:
        fleet = subprocess.Popen(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL)  # noqa: S603 - own command
    threading.Thread(target=_tell_end, args=(fleet, log), name="fleet", daemon=True).start()
    return fleet


def _tell_end(fleet: subprocess.Popen[bytes], log: Path) -> None:
    if fleet.wait() <= 0:
        # Ended by us, or by whoever ended us.
        return
    words = log.read_text("utf-8", "replace").strip().splitlines()[-1:]
    sentence = f"The virtual endpoints could not run: {''.join(words)} (all of it: {log})"
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def _device_password(path: Path) -> str:
    if not path.exists():
        path.write_text(secrets.token_urlsafe(12), "ascii")
        path.chmod(0o600)
    return path.read_text("ascii")


def _folder(root: Folder, name: str) -> Folder:
    return Folder.objects.filter(parent=root, name=name).first() or inventory.create_folder(root, name)
