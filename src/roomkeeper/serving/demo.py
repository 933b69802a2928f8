"""The demonstration: an administrator, pre-registered systems, and a fleet of virtual endpoints as a child process.

Nothing is decided here: the systems are admitted by rule, probed, and told apart by R1 like any others (rule R2).
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from roomkeeper.accounts.models import Role, User
from roomkeeper.accounts.people import one_time_password
from roomkeeper.accounts.permissions import assign
from roomkeeper.serving import demo_people
from roomkeeper.serving.demo_rooms import DevicePorts, rooms
from roomkeeper.systems import admission, inventory, network_settings
from roomkeeper.systems.models import Folder, System
from roomkeeper.words import gettext as _

INTERNAL, PUBLIC = "127.0.0.1", "127.0.0.2"
ADMINISTRATOR = "administrator"
DEVICE_USER = "admin"


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
            "contactable_networks": ["127.0.0.0/8", "::1/128"],
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
    user, _rest = User.objects.get_or_create(username=ADMINISTRATOR)
    user.set_password(password)
    user.must_change_password = True
    user.save()
    root = inventory.root_folder()
    assign(user, root, Role.ADMINISTRATOR)
    demo_people.prepare(root, now=now)
    device_password = _device_password(password_file)
    folders = {
        mode: _folder(root, name)
        for mode, name in (("lan", "Headquarters"), ("public", "Branches"), ("behind-firewall", "Remote"))
    }
    for room in rooms(number):
        known = System.objects.filter(serial_number=room.serial_number).first()
        if known is not None:
            # The fleet is as new at every start, like devices after a factory reset.
            # Where it posts from is known: it is ours.
            admission.readmit(known, user=user, now=now, source=room.address)
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
    path: Path, number: int, *, http: str, https: str, ports: DevicePorts, ca_file: Path, password_file: Path
) -> None:
    """The fleet's plan for `roomkeeper virtual run --plan`; `http` and `https` are ports of the server's listeners,
    `ports` those of the fleet."""
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
    """The fleet as a child process; it ends with us, and we with it: without a fleet there is nothing to show."""
    command = [sys.executable, "-m", "roomkeeper.cli.main", "virtual", "run", "--plan", str(plan)]
    with log.open("ab") as file:
        fleet = subprocess.Popen(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL)  # noqa: S603 - own command
    threading.Thread(target=_end_with, args=(fleet,), name="fleet", daemon=True).start()
    return fleet


def why_it_ended(fleet: subprocess.Popen[bytes], log: Path) -> str:
    """Why the fleet could not run, in one line; "" where we, or whoever ended us, ended it."""
    if (fleet.poll() or 0) <= 0:
        return ""
    words = log.read_text("utf-8", "replace").strip().splitlines()[-1:]
    return _("The virtual endpoints could not run: {words} (all of it: {log})", words="".join(words), log=log)


def _end_with(fleet: subprocess.Popen[bytes]) -> None:
    if fleet.wait() > 0:
        os.kill(os.getpid(), signal.SIGTERM)


def _device_password(path: Path) -> str:
    if not path.exists():
        path.write_text(secrets.token_urlsafe(12), "ascii")
        path.chmod(0o600)
    return path.read_text("ascii")


def _folder(root: Folder, name: str) -> Folder:
    return Folder.objects.filter(parent=root, name=name).first() or inventory.create_folder(root, name)
