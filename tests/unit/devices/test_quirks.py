"""What differs between releases is data: a row a generation (protocol notes D.7)."""

import pytest

from roomkeeper.devices.families.roomos.quirks import quirks_of
from roomkeeper.protocols.xapi.dialect import Dialect


@pytest.mark.parametrize(
    ("version", "name", "dialect", "has_sessions", "password_command"),
    [
        ("TC7.3.3.c84180a", "TC", Dialect.TC, False, "SystemUnit/AdminPassword/Set"),
        ("tc6.0", "TC", Dialect.TC, False, "SystemUnit/AdminPassword/Set"),
        ("ce8.1.0.b8c0ca3", "CE", Dialect.CE, True, "UserManagement/User/Passphrase/Set"),
        ("ce9.6.1.4516ae5aaa1", "CE", Dialect.CE, True, "UserManagement/User/Passphrase/Set"),
        ("ce10.9.1.1.fb66b80147e", "RoomOS", Dialect.CE, True, "UserManagement/User/Passphrase/Set"),
        ("RoomOS 26.7.1.12", "RoomOS", Dialect.CE, True, "UserManagement/User/Passphrase/Set"),
        ("", "RoomOS", Dialect.CE, True, "UserManagement/User/Passphrase/Set"),
    ],
)
def test_quirks_follow_from_the_software_version(version, name, dialect, has_sessions, password_command):
    quirks = quirks_of(version)
    assert quirks.name == name
    assert quirks.dialect is dialect
    assert quirks.has_sessions is has_sessions
    assert quirks.password_command == password_command
    assert bool(quirks.feedback_arguments) is (name != "TC")
