"""Encrypting every stored secret anew after a key was added."""

from typing import Any

from django.conf import settings as django_settings
from django.db import models, transaction

from roomkeeper import keys
from roomkeeper.accounts.models import KeptAnswer
from roomkeeper.backups.models import Replacement
from roomkeeper.configuration_templates.models import TemplateVersion
from roomkeeper.installation.models import Installation
from roomkeeper.jobs.models import Job
from roomkeeper.phonebooks.models import Source
from roomkeeper.provisioning.models import Action, ChangeItem
from roomkeeper.systems.models import Credential, NetworkSettings, System, SystemSecret

# Every encrypted column of the product; a test holds this list against the models.
ENCRYPTED: tuple[tuple[type[models.Model], str], ...] = (
    (System, "password_ciphertext"),
    (SystemSecret, "ciphertext"),
    (ChangeItem, "secret_value"),
    (Action, "secret"),
    (Action, "sealed_arguments"),
    (KeptAnswer, "body"),
    (Job, "secrets_ciphertext"),
    (Credential, "ciphertext"),
    (NetworkSettings, "snmp_community_ciphertext"),
    (TemplateVersion, "secrets_ciphertext"),
    (Replacement, "old_password_ciphertext"),
    (Source, "secrets_ciphertext"),
    (Installation, "sample"),
)
AT_ONCE = 200


def columns() -> list[tuple[str, str]]:
    """The same as (table, column)."""
    return [(model._meta.db_table, field) for model, field in ENCRYPTED]


def re_encrypt_all() -> int:
    """Rewrite all of them under the newest key, in short transactions. Returns how many there were."""
    store = keys.load(django_settings.OPTIONS.data)
    number = 0
    for model, field in ENCRYPTED:
        last: int | None = 0
        while last is not None:
            last, rewritten = _rewrite_some(model, field, last, store)
            # The sample by which the keys are known again is nobody's secret.
            number += rewritten if model is not Installation else 0
    return number


def _rewrite_some(
    model: type[models.Model], field: str, last: int, store: keys.Keys
) -> tuple[int | None, int]:
    """(the last row done, None at the end; how many were). A server may be writing the same rows meanwhile."""
    with transaction.atomic():
        rest = model._default_manager.filter(pk__gt=last).exclude(**{field: b""}).order_by("pk")
        rows: list[Any] = list(rest.select_for_update()[:AT_ONCE])
        for row in rows:
            setattr(row, field, store.re_encrypt(bytes(getattr(row, field))))
        model._default_manager.bulk_update(rows, [field])
    return (rows[-1].pk if rows else None), len(rows)
