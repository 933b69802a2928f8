"""Encrypting every stored secret anew after a key was added."""

from typing import Any

from django.conf import settings as django_settings
from django.db import models, transaction

from roomkeeper import keys
from roomkeeper.provisioning.models import ChangeItem
from roomkeeper.systems.models import System, SystemSecret

# Every encrypted column of the product; a test holds this list against the models.
ENCRYPTED: tuple[tuple[type[models.Model], str], ...] = (
    (System, "password_ciphertext"),
    (SystemSecret, "ciphertext"),
    (ChangeItem, "secret_value"),
)
AT_ONCE = 200


def re_encrypt_all() -> int:
    """Rewrite all of them under the newest key, in short transactions. Returns how many there were."""
    store = keys.load(django_settings.OPTIONS.data)
    number = 0
    for model, field in ENCRYPTED:
        last = 0
        while rows := _next_rows(model, field, last):
            with transaction.atomic():
                for row in rows:
                    setattr(row, field, store.re_encrypt(bytes(getattr(row, field))))
                model._default_manager.bulk_update(rows, [field])
            last = rows[-1].pk
            number += len(rows)
    return number


def _next_rows(model: type[models.Model], field: str, last: int) -> list[Any]:
    rows = model._default_manager.filter(pk__gt=last).exclude(**{field: b""}).order_by("pk")
    return list(rows[:AT_ONCE])
