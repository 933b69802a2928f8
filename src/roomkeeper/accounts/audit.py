"""Writing the audit trail."""

from typing import Any

from roomkeeper.accounts.models import AuditEntry


def record(
    user: Any, road: str, act: str, subject: Any = None, object_id: int | None = None, /, **details: Any
) -> AuditEntry:
    """Note that `user` did `act` to `subject` (a model instance or None). `details` must hold no secret.

    `object_id` is what the subject was known by before the act, which may have deleted it.
    """
    known = user if getattr(user, "is_authenticated", False) else None
    return AuditEntry.objects.create(
        user=known,
        user_name=getattr(known, "username", "") or "server",
        road=road,
        act=act,
        object_kind=subject._meta.verbose_name if subject is not None else "",
        object_id=object_id if subject is None or subject.pk is None else subject.pk,
        object_label=str(subject)[:255] if subject is not None else "",
        details=details,
    )
