"""Who is signed in by a session."""

from django.contrib import auth
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest

from roomkeeper.accounts.models import User


def find_user(session_key: str) -> User | None:
    """The active person signed in by that session, or None: signed out, another password since, deactivated, over."""
    if not session_key:
        return None
    request = HttpRequest()
    request.session = SessionStore(session_key)
    user = auth.get_user(request)
    return user if isinstance(user, User) and user.is_active else None
