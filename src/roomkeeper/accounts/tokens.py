"""API tokens: made once, shown once, kept as a digest."""

import contextlib
import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import OperationalError, connection

from roomkeeper.accounts.models import ApiToken, User

PREFIX = "rk_"


def create_token(
    user: User,
    *,
    now: datetime,
    name: str = "",
    lifetime: timedelta | None = None,
    is_read_only: bool = False,
    made_with: ApiToken | None = None,
) -> tuple[ApiToken, str]:
    """A new token of the user and its text, which is not kept.

    It ends after `lifetime`, by default after the setting `token_days`, and never after the token it was made with,
    with which it is also deleted.
    """
    ends = now + (lifetime or timedelta(days=settings.OPTIONS.token_days))
    if made_with is not None and made_with.expires_at is not None:
        ends = min(ends, made_with.expires_at)
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=text[:10],
        digest=_digest(text),
        created_at=now,
        expires_at=ends,
        is_read_only=is_read_only or (made_with is not None and made_with.is_read_only),
        made_with=made_with,
    )
    return token, text


def find_token(text: str, *, now: datetime) -> ApiToken | None:
    """The token with that text, unexpired and of an active user, or None. Notes its use once a minute."""
    token = ApiToken.objects.select_related("user").filter(digest=_digest(text)).first()
    if token is None or not token.user.is_active or (token.expires_at and token.expires_at <= now):
        return None
    if token.last_used_at is None or now - token.last_used_at > timedelta(minutes=1):
        _note_use(token, now)
    token.user.token_used = token
    return token


def find_user(text: str, *, now: datetime) -> User | None:
    """The active user whose unexpired token this is, or None."""
    token = find_token(text, now=now)
    return token.user if token is not None else None


def revoke_all(user: User) -> int:
    """Delete the user's tokens: void at once, and for good. Gives their number."""
    return ApiToken.objects.filter(user=user).delete()[0]


def _note_use(token: ApiToken, now: datetime) -> None:
    """Best effort: reading goes on while the store cannot be written (rule R9)."""
    is_sqlite = connection.vendor == "sqlite" and not connection.in_atomic_block
    with contextlib.suppress(OperationalError), connection.cursor() as cursor:
        if is_sqlite:
            cursor.execute("PRAGMA busy_timeout = 200")
        try:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        finally:
            if is_sqlite:
                seconds = connection.settings_dict["OPTIONS"]["timeout"]
                cursor.execute(f"PRAGMA busy_timeout = {seconds * 1000}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
