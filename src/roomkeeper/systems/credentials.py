"""The name and password by which a system is logged in to; the password is kept encrypted."""

from django.conf import settings

from roomkeeper import keys
from roomkeeper.systems.models import System


def set_credentials(system: System, username: str, password: str) -> None:
    """Keep the credentials of the system's administrator account; an empty password keeps an empty one."""
    system.username = username
    system.password_ciphertext = keys.load(settings.OPTIONS.data).encrypt(password)
    system.save(update_fields=["username", "password_ciphertext"])


def has_credentials(system: System) -> bool:
    """Whether a login can be tried at all."""
    return bool(system.username and system.password_ciphertext)


def password_of(system: System) -> str:
    """The stored password in the clear; for the login alone, never for a page, a log or an answer."""
    if not system.password_ciphertext:
        return ""
    return keys.load(settings.OPTIONS.data).decrypt(bytes(system.password_ciphertext))
