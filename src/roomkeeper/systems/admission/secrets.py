"""Device secrets (rule R4): made on admission, handed over in answers, proven by use, rotated, withheld.

A secret lives as `pending` (never used), `current` (proven) and `next` (rotation: both serve until it is used).
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from roomkeeper import keys
from roomkeeper.accounts.person import Person
from roomkeeper.systems import live, timeline
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Contact, System, SystemSecret
from roomkeeper.words import gettext as _

PENDING_LIFETIME = timedelta(hours=24)
# Digests looked up by one statement.
AT_ONCE = 500


class RotationRefused(ValueError):
    """The secret cannot be rotated now."""


def issue_pending(system: System, *, now: datetime, source: str) -> SystemSecret:
    """A new pending secret bound to the address that the admitter saw; an older pending one is void from now on."""
    SystemSecret.objects.filter(system=system, stage=SystemSecret.Stage.PENDING).delete()
    return _create(
        system, SystemSecret.Stage.PENDING, now=now, expires_at=now + PENDING_LIFETIME, source=source
    )


def forget(system: System) -> None:
    """Void all secrets of the system; its next secret comes with the next admission."""
    SystemSecret.objects.filter(system=system).delete()


def rotate(system: System, *, now: datetime, user: Person = None) -> SystemSecret:
    """Begin a rotation: the next secret is handed over in answers; the current one serves until it is used."""
    with transaction.atomic():
        lock_contacts([system.pk])
        if not SystemSecret.objects.filter(system=system, stage=SystemSecret.Stage.CURRENT).exists():
            raise RotationRefused(
                _("{system} has not proven a secret yet, so there is nothing to rotate.", system=system)
            )
        SystemSecret.objects.filter(system=system, stage=SystemSecret.Stage.NEXT).delete()
        secret = _create(system, SystemSecret.Stage.NEXT, now=now, expires_at=None, source="")
        Contact.objects.filter(system=system).update(has_work=True)
        timeline.add(system, "secret", _("A new secret is sent with the next answer"), now=now, user=user)
        live.publish("system", system)
    return secret


def text_of(secret: SystemSecret) -> str:
    """The secret in the clear: for answers to its own system and for redaction, nothing else."""
    return _clear_text(bytes(secret.ciphertext))


def digest(secret: str) -> bytes:
    """The digest by which a secret in a path is found."""
    return keys.load(settings.OPTIONS.data).digest(secret)


def digests(secrets: Iterable[str]) -> dict[str, bytes]:
    """The digests of all these secrets but the empty one; the keys are looked at once."""
    store = keys.load(settings.OPTIONS.data)
    return {secret: store.digest(secret) for secret in secrets if secret}


def find_known(texts: Collection[str], *, now: datetime) -> set[str]:
    """Those of the texts that are a system's secret, in whatever stage. Reads only; a secret that ran out is none."""
    by_digest = {digest: text for text, digest in digests(texts).items()}
    known: set[str] = set()
    wanted = list(by_digest)
    for start in range(0, len(wanted), AT_ONCE):
        rows = SystemSecret.objects.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now), digest__in=wanted[start : start + AT_ONCE]
        )
        known.update(by_digest[bytes(digest)] for digest in rows.values_list("digest", flat=True))
    return known


@lru_cache(maxsize=20_000)
def _clear_text(ciphertext: bytes) -> str:
    return keys.load(settings.OPTIONS.data).decrypt(ciphertext)


def _create(
    system: System, stage: str, *, now: datetime, expires_at: datetime | None, source: str
) -> SystemSecret:
    found = keys.load(settings.OPTIONS.data)
    text = keys.new_secret()
    return SystemSecret.objects.create(
        system=system,
        stage=stage,
        digest=found.digest(text),
        ciphertext=found.encrypt(text),
        created_at=now,
        expires_at=expires_at,
        bound_source=source,
    )
