"""Commands of accounts, passwords and sessions (protocol notes J)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkeeper.virtual.commands.registry import CommandFailed, command
from roomkeeper.virtual.device import DeviceUser
from roomkeeper.virtual.xml_in import PostedCall
from roomkeeper.virtual.xml_out import Result

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint


def _known(endpoint: VirtualEndpoint, call: PostedCall) -> DeviceUser:
    user = endpoint.device.users.get(call.first("Username"))
    if user is None:
        raise CommandFailed("No such user")
    return user


def _check_own(endpoint: VirtualEndpoint, call: PostedCall) -> None:
    """YourPassphrase is the calling user's, needed where one is set; the callers here are administrators."""
    given = call.first("YourPassphrase")
    administrators = [one.password for one in endpoint.device.users.values() if "Admin" in one.roles]
    if not endpoint.skips_own_password and given not in administrators:
        raise CommandFailed("YourPassphrase is wrong or missing")


@command("UserManagement/User/Passphrase/Set")
def set_passphrase(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Change anybody's password."""
    user = _known(endpoint, call)
    _check_own(endpoint, call)
    if endpoint.faults.keeps_value == "Passphrase":
        return {}
    user.password = call.first("NewPassphrase")
    endpoint.device.check_passwords()
    endpoint.logins.forget(user.name)
    return {}


@command("UserManagement/User/Passphrase/Change")
def change_passphrase(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Change one's own password: found by the old one."""
    old = call.first("OldPassphrase")
    user = next((one for one in endpoint.device.users.values() if one.password == old), None)
    if user is None:
        raise CommandFailed("The old passphrase is wrong")
    user.password = call.first("NewPassphrase")
    endpoint.device.check_passwords()
    endpoint.logins.forget(user.name)
    return {}


@command("SystemUnit/AdminPassword/Set")
def set_admin_password(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """TC's way."""
    admin = endpoint.device.users.get("admin") or next(iter(endpoint.device.users.values()))
    admin.password = call.first("Password")
    endpoint.device.check_passwords()
    return {}


@command("UserManagement/User/Add")
def add_user(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """A new account."""
    name = call.first("Username")
    if not name or name in endpoint.device.users:
        raise CommandFailed("User already exists" if name else "Username is empty")
    _check_own(endpoint, call)
    roles = tuple(call.all("Role")) or ("User",)
    endpoint.device.users[name] = DeviceUser(
        name, call.first("Passphrase"), roles, call.first("Active", "True") == "True"
    )
    return {}


@command("UserManagement/User/Delete")
def delete_user(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Remove an account; the last administrator stays."""
    user = _known(endpoint, call)
    _check_own(endpoint, call)
    others = [one for one in endpoint.device.users.values() if one is not user and "Admin" in one.roles]
    if not others:
        raise CommandFailed("The last administrator cannot be deleted")
    del endpoint.device.users[user.name]
    endpoint.logins.forget(user.name)
    return {}


@command("UserManagement/User/Modify")
def modify_user(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Give and take roles."""
    user = _known(endpoint, call)
    _check_own(endpoint, call)
    roles = set(user.roles) | set(call.all("AddRole"))
    user.roles = tuple(sorted(roles - set(call.all("RemoveRole"))))
    if call.first("Active"):
        user.is_active = call.first("Active") == "True"
    return {}


@command("UserManagement/User/Unblock")
def unblock_user(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """End a lock-out."""
    user = _known(endpoint, call)
    user.blocked_until = 0.0
    user.failed_logins = 0
    return {}


def _shown(endpoint: VirtualEndpoint, user: DeviceUser) -> Result:
    roles: list[Result] = [{"Role": role} for role in user.roles]
    return {
        "Active": str(user.is_active),
        "Blocked": str(endpoint.clock.monotonic() < user.blocked_until),
        "ClientCertificateDN": "",
        "FailedLoginAttempts": str(user.failed_logins),
        "LastLogin": "",
        "PassphraseChangeRequired": "False",
        "PassphraseExpired": "False",
        "PinChangeRequired": "False",
        "PinExpired": "False",
        "Roles": roles,
        "ShellLogin": "True",
        "Username": user.name,
    }


@command("UserManagement/User/List")
def list_users(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """All accounts."""
    return {"User": [_shown(endpoint, user) for user in endpoint.device.users.values()]}


@command("UserManagement/User/Get")
def get_user(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """One account."""
    return {"User": [_shown(endpoint, _known(endpoint, call))]}


@command("Security/Session/List")
def list_sessions(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Who is signed in; the ids are not the cookies."""
    return {
        "Session": [
            {"Id": endpoint.logins.short_id(one), "Origin": "Web", "User": one.username}
            for one in endpoint.logins.sessions.values()
        ]
    }


@command("Security/Session/Terminate")
def end_session(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Throw somebody out."""
    wanted = call.first("SessionId")
    for identifier, session in list(endpoint.logins.sessions.items()):
        if endpoint.logins.short_id(session) == wanted:
            del endpoint.logins.sessions[identifier]
            return {}
    raise CommandFailed("No such session")
