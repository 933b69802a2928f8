"""Writing the audit trail."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from django.db import connection

from roomkeeper.accounts.actors import Road
from roomkeeper.accounts.models import AuditEntry, KeptAnswer
from roomkeeper.accounts.person import Person, find_account

_source: Final[ContextVar[str]] = ContextVar("source_address", default="")


_kept_answer: Final[ContextVar[int | None]] = ContextVar("kept_answer_id", default=None)


class KeyLost(ValueError):
    """The request took so long that its key was given back, and another may do the same now: nothing was done."""


@contextmanager
def answering(kept_answer_id: int) -> Iterator[None]:
    """Note of everything that is done meanwhile for which `KeptAnswer` it was, in the act's own transaction."""
    token = _kept_answer.set(kept_answer_id)
    try:
        yield
    finally:
        _kept_answer.reset(token)


@contextmanager
def acting_from(source_address: str) -> Iterator[None]:
    """Note everything that is done meanwhile as coming from that address."""
    token = _source.set(source_address)
    try:
        yield
    finally:
        _source.reset(token)


def record(
    user: Person, road: str, act: str, subject: Any = None, object_id: int | None = None, /, **details: Any
) -> AuditEntry:
    """Note that `user` did `act` to `subject` (a model instance or None). `details` must hold no secret.

    `object_id` is what the subject was known by before the act, which may have deleted it.
    """
    return note(user, road, act, subject, object_id, str(subject) if subject is not None else "", details)


def note(
    user: Person,
    road: str,
    act: str,
    subject: Any,
    object_id: int | None,
    label: str,
    details: Mapping[str, Any],
) -> AuditEntry:
    """The same with the words by which the subject is named."""
    known = find_account(user)
    _hold_key()
    return AuditEntry.objects.create(
        user=known,
        user_name=known.username if known else "server",
        road=Road(road),
        source_address=_source.get(),
        act=act,
        object_kind=subject._meta.verbose_name if subject is not None else "",
        object_id=object_id if subject is None or subject.pk is None else subject.pk,
        object_label=label[:255],
        details=dict(details),
        kept_answer_id=_kept_answer.get(),
    )


def _hold_key() -> None:
    """Lock the request's key until the act is committed, so that nobody gives it back meanwhile. Raises `KeyLost`,
    which undoes the act, where that has happened."""
    kept_answer_id = _kept_answer.get()
    if kept_answer_id is None:
        return
    rows = KeptAnswer.objects.filter(pk=kept_answer_id)
    if connection.in_atomic_block:
        rows = rows.select_for_update()
    if rows.values_list("pk", flat=True).first() is None:
        raise KeyLost(KeyLost.__doc__)


def unproven(name: str, road: str, act: str, account: Any, /, **details: Any) -> AuditEntry:
    """Note what somebody did who has not shown to be the one of that name; `account` is the one that it is about."""
    return AuditEntry.objects.create(
        user_name=name,
        road=road,
        source_address=_source.get(),
        act=act,
        object_kind=account._meta.verbose_name if account is not None else "user",
        object_id=account.pk if account is not None else None,
        object_label=name[:255],
        details=details,
    )
