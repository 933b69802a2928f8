"""Whoever asks for something: the one type of it, for every service. Which road it came by is said by `actors`."""

from typing import TypeAlias

from django.contrib.auth.models import AnonymousUser

from roomkeeper.accounts.models import User

Person: TypeAlias = User | AnonymousUser | None
"""An account, somebody not signed in, or the server itself (None)."""


def find_account(user: Person) -> User | None:
    """The account of whoever does something, as it is noted with what was done; None for the server itself and for
    somebody who is not signed in."""
    return user if isinstance(user, User) else None
