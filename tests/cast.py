"""The fixed cast: five people and four systems, on two folders beside each other.

    All systems          administrator, operator and viewer have their roles here
    ├── Oslo             the site administrator is administrator here
    │     Boardroom      reachable on LAN
    │     Vault          reachable on LAN, Secure-Only
    └── Bergen
          Home Office    behind a firewall
          Lobby          reachable on the public internet

The stranger is signed in and has no role. All have the password `PASSWORD`.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from roomkeeper.accounts.models import Role, User
from roomkeeper.accounts.permissions import assign
from roomkeeper.systems import inventory
from roomkeeper.systems.models import Connectivity, Contact, Folder, State, System

PASSWORD = "correct horse battery"


@pytest.fixture
def root_folder(db: None) -> Folder:
    """The folder that holds all others."""
    return inventory.root_folder()


@pytest.fixture
def oslo(root_folder: Folder) -> Folder:
    """The site administrator's folder."""
    return inventory.create_folder(root_folder, "Oslo")


@pytest.fixture
def bergen(root_folder: Folder) -> Folder:
    """A folder on which the site administrator has no role."""
    return inventory.create_folder(root_folder, "Bergen")


@pytest.fixture
def administrator(root_folder: Folder) -> User:
    """Administrator of everything."""
    return _person("administrator", root_folder, Role.ADMINISTRATOR)


@pytest.fixture
def site_administrator(oslo: Folder) -> User:
    """Administrator of Oslo."""
    return _person("site-administrator", oslo, Role.ADMINISTRATOR)


@pytest.fixture
def operator(root_folder: Folder) -> User:
    """Operator of everything."""
    return _person("operator", root_folder, Role.OPERATOR)


@pytest.fixture
def viewer(root_folder: Folder) -> User:
    """Viewer of everything."""
    return _person("viewer", root_folder, Role.VIEWER)


@pytest.fixture
def stranger(db: None) -> User:
    """Signed in, without any role."""
    return User.objects.create_user("stranger", password=PASSWORD)


@pytest.fixture
def boardroom(oslo: Folder) -> System:
    """Reachable on LAN."""
    return add_system("Boardroom", oslo, 1, connectivity=Connectivity.REACHABLE_ON_LAN)


@pytest.fixture
def home_office(bergen: Folder) -> System:
    """Behind a firewall."""
    return add_system("Home Office", bergen, 2, connectivity=Connectivity.BEHIND_FIREWALL)


@pytest.fixture
def lobby(bergen: Folder) -> System:
    """Reachable on the public internet."""
    return add_system("Lobby", bergen, 3, connectivity=Connectivity.REACHABLE_ON_PUBLIC_INTERNET)


@pytest.fixture
def vault(oslo: Folder) -> System:
    """Reachable on LAN, Secure-Only."""
    return add_system("Vault", oslo, 4, connectivity=Connectivity.REACHABLE_ON_LAN, is_secure_only=True)


def add_system(name: str, folder: Folder, number: int, **values: object) -> System:
    """A managed system that was seen half a minute ago; `number` (1 to 65535) makes its serial number and MAC."""
    now = timezone.now()
    values = {
        "reported_name": name,
        "state": State.MANAGED,
        "family": "roomos",
        "product": "Cisco TelePresence SX10",
        "software_version": "ce9.6.1.4516ae5aaa1",
        "serial_number": f"FTT{number:08}",
        "mac_address": f"00112233{number:04X}",
        "host": f"10.0.{number // 256}.{number % 256}",
        **values,
    }
    system = System.objects.create(name=name, folder=folder, **values)
    Contact.objects.create(
        system=system,
        first_seen_at=now - timedelta(days=1),
        last_seen_at=now - timedelta(seconds=30),
        next_contact_due_at=now + timedelta(seconds=870),
        overdue_at=now + timedelta(seconds=1830),
        interval=900,
        last_event="heartbeat",
        reported_address=str(values["host"]),
        source_address=str(values["host"]),
        scheme="http",
        used_host="10.0.0.5:8080",
        is_alive=True,
    )
    return system


def _person(name: str, folder: Folder, role: str) -> User:
    user = User.objects.create_user(name, password=PASSWORD)
    assign(user, folder, role)
    return user
