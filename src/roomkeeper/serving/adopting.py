"""Going on with keys that do not fit the database, after the right ones were lost for good (rule R15).

What cannot be read any more is told first, kind by kind with what it means, and then given up: nothing stays that would
fail later, and nothing is sent in place of a secret that is gone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings as django_settings
from django.db import models, transaction

from roomkeeper import keys
from roomkeeper.accounts import audit
from roomkeeper.accounts.models import KeptAnswer
from roomkeeper.backups.models import Replacement
from roomkeeper.configuration_templates.models import TemplateVersion
from roomkeeper.installation.models import Installation
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job
from roomkeeper.phonebooks.models import Source
from roomkeeper.provisioning import states
from roomkeeper.provisioning.models import OPEN_STATES, Action, ChangeItem, DeliveryState
from roomkeeper.systems.models import Credential, NetworkSettings, System, SystemSecret
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

AT_ONCE: Final = 200
REASON: Final = noop("The key of its secret was lost.")


@dataclass(frozen=True, slots=True)
class Loss:
    """So many rows of a kind, and what that means for people."""

    number: int
    words: str


@dataclass(frozen=True, slots=True)
class _Kind:
    model: type[models.Model]
    fields: tuple[str, ...]
    words: str
    give_up: Callable[[list[Any], tuple[str, ...], keys.Keys], None]


def losses(found: keys.Keys | None) -> list[Loss]:
    """What these keys cannot read; with None all of it."""
    counted = ((kind, sum(len(rows) for rows in _unreadable(kind, found))) for kind in KINDS)
    return [Loss(number, kind.words) for kind, number in counted if number]


def give_up(found: keys.Keys) -> None:
    """Part with what these keys cannot read. May be done again where it was interrupted."""
    for kind in KINDS:
        for rows in _unreadable(kind, found):
            with transaction.atomic():
                kind.give_up(rows, kind.fields, found)
    _mend_digests(found)
    with transaction.atomic():
        Installation.objects.all().delete()
        audit.record(None, "cli", "adopt keys", None)


def _mend_digests(found: keys.Keys) -> None:
    """Secrets that can be read are found again by the digest key that is here now."""
    for secret in SystemSecret.objects.order_by("pk").iterator(chunk_size=AT_ONCE):
        digest = found.digest(found.decrypt(bytes(secret.ciphertext)))
        if digest != bytes(secret.digest):
            SystemSecret.objects.filter(pk=secret.pk).update(digest=digest)


def _unreadable(kind: _Kind, found: keys.Keys | None) -> Iterator[list[Any]]:
    last: Any = 0
    while True:
        rows = list(kind.model._default_manager.filter(pk__gt=last).order_by("pk")[:AT_ONCE])
        if not rows:
            return
        last = rows[-1].pk
        lost = [row for row in rows if any(_is_lost(bytes(getattr(row, f)), found) for f in kind.fields)]
        if lost:
            yield lost


def _is_lost(ciphertext: bytes, found: keys.Keys | None) -> bool:
    if not ciphertext or found is None:
        return bool(ciphertext)
    try:
        found.decrypt(ciphertext)
    except keys.KeyFileUnusable:
        return True
    return False


def _forget(rows: list[Any], fields: tuple[str, ...], _rest: keys.Keys) -> None:
    for row in rows:
        for field in fields:
            setattr(row, field, b"")
        row.save(update_fields=list(fields))


def _delete(rows: list[Any], _rest: tuple[str, ...], _others: keys.Keys) -> None:
    for row in rows:
        row.delete()


def _renew_secrets(rows: list[SystemSecret], _rest: tuple[str, ...], found: keys.Keys) -> None:
    """Another secret in the place of each: the system stays one that has proven itself, so that nobody is let in by a
    serial number, and where we can reach it the new secret is written to it like any wanted setting."""
    for row in rows:
        text = keys.new_secret()
        row.digest, row.ciphertext = found.digest(text), found.encrypt(text)
        row.save(update_fields=["digest", "ciphertext"])


def _fail_items(rows: list[ChangeItem], fields: tuple[str, ...], _rest: keys.Keys) -> None:
    now = datetime.now(UTC)
    for row in rows:
        # A persistent setting without its value would be asked for as the stars that stand in its place.
        row.secret_value, row.value = b"", None
        row.save(update_fields=["secret_value", "value"])
    states.move([row for row in rows if row.state in OPEN_STATES], DeliveryState.FAILED, _(REASON), now)


def _fail_actions(rows: list[Action], fields: tuple[str, ...], _rest: keys.Keys) -> None:
    for row in rows:
        for field in fields:
            setattr(row, field, b"")
        row.save(update_fields=list(fields))
    still_open = [row for row in rows if row.state in OPEN_STATES]
    states.move(still_open, DeliveryState.FAILED, _(REASON), datetime.now(UTC))


def _fail_jobs(rows: list[Job], _rest: tuple[str, ...], _others: keys.Keys) -> None:
    for row in rows:
        work.end(row, Job.State.FAILED, _(REASON), now=datetime.now(UTC))


KINDS: Final = (
    _Kind(
        System,
        ("password_ciphertext",),
        "passwords of systems: enter them again, or set new ones",
        _forget,
    ),
    _Kind(
        SystemSecret,
        ("ciphertext",),
        "secrets by which systems prove themselves: systems that can be reached are given new ones; those"
        " Behind"
        " Firewall only post as claims until someone admits them again",
        _renew_secrets,
    ),
    _Kind(
        Credential,
        ("ciphertext",),
        "saved logins and SNMP users: they are deleted; enter them again",
        _delete,
    ),
    _Kind(
        NetworkSettings,
        ("snmp_community_ciphertext",),
        "SNMP community of Network settings: enter it again",
        _forget,
    ),
    _Kind(
        ChangeItem,
        ("secret_value",),
        "requested values that are secret: open ones fail, persistent ones are removed",
        _fail_items,
    ),
    _Kind(Action, ("secret", "sealed_arguments"), "commands with a secret: open ones fail", _fail_actions),
    _Kind(Job, ("secrets_ciphertext",), "jobs with their own login: they end as failed", _fail_jobs),
    _Kind(
        TemplateVersion,
        ("secrets_ciphertext",),
        "versions of templates whose secret values are lost",
        _forget,
    ),
    _Kind(
        Replacement,
        ("old_password_ciphertext",),
        "replacements that cannot give the old password back",
        _forget,
    ),
    _Kind(
        Source,
        ("secrets_ciphertext",),
        "passwords of phone book sources: enter them again; what the sources told stays",
        _forget,
    ),
    _Kind(KeptAnswer, ("body",), "answers kept for Idempotency-Keys: they are forgotten", _delete),
)


def current_keys() -> keys.Keys | None:
    """The keys in the data folder, or None where there is no file."""
    data = django_settings.OPTIONS.data
    return keys.load(data) if (data / keys.KEY_FILE).exists() else None
