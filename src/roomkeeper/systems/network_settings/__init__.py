"""Reading and changing Network settings: one row, validated as a whole before anything is written."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.conf import settings as django_settings
from django.db import transaction

from roomkeeper import keys
from roomkeeper.accounts.person import Person
from roomkeeper.jobs.claims import unlocked
from roomkeeper.systems import live
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Contact, NetworkSettings, Portion, System
from roomkeeper.systems.models.setting_kinds import Setting, settings_of
from roomkeeper.systems.network_settings import former_addresses
from roomkeeper.words import gettext as _

MARKED_AT_ONCE = 500
TABLE = {one.key: one for one in settings_of(NetworkSettings)}
FIELDS = tuple(TABLE)
_ADDRESSES = {key for key, one in TABLE.items() if one.concerns == "address"}
# Told to all systems with their management settings; wanted of every system, below all that is wanted in particular.
_WRITTEN = {key for key, one in TABLE.items() if one.concerns in ("address", "management")}
_DEFAULTS = {key for key, one in TABLE.items() if one.concerns == "defaults"}
MARKED, COMPARED = "marked", "compared"


class InvalidNetworkSettings(ValueError):
    """Some values cannot be used; `errors` holds a sentence for each field."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {sentence}" for field, sentence in errors.items()))
        self.errors = errors


def get() -> NetworkSettings:
    """The settings in force; made with their defaults at the first call."""
    found = NetworkSettings.objects.order_by("pk").first()
    return found or NetworkSettings.objects.get_or_create(pk=1)[0]


def update(values: dict[str, Any], *, user: Person, now: datetime) -> NetworkSettings:
    """Change some of the settings; all or, with `InvalidNetworkSettings`, none.

    A changed server address is handed to all managed systems with their next answers.
    """
    with transaction.atomic():
        current = get()
        before = {field: str(getattr(current, field) or "") for field in _ADDRESSES}
        slot_before = current.feedback_slot
        cleaned, errors = check(values)
        if errors:
            raise InvalidNetworkSettings(errors)
        changed = news(current, cleaned)
        for key, value in changed.items():
            setattr(current, TABLE[key].column, _encrypted(value) if TABLE[key].is_secret else value)
        if current.feedback_slot != slot_before:
            current.former_feedback_slot = slot_before
        current.save()
        if changed.keys() & _ADDRESSES:
            former_addresses.note(before, current, now=now)
        if changed.keys() & _DEFAULTS:
            begin_portions(COMPARED)
        if changed.keys() & _WRITTEN:
            begin_portions(MARKED)
            mark_some(now=now)
        if changed:
            live.publish("network_settings")
    return current


def check(
    values: Mapping[str, Any], table: Mapping[str, Setting] | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """(the values as they are kept, a sentence for each that cannot be), by the rules of the table."""
    rows = TABLE if table is None else table
    cleaned, errors = {}, {}
    for key, value in values.items():
        if key not in rows:
            errors[key] = _("is not a network setting.")
            continue
        try:
            cleaned[key] = rows[key].check(value)
        except ValueError as error:
            errors[key] = str(error)
    return cleaned, errors


def news(current: NetworkSettings, cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the cleaned values that are not in force."""
    return {key: value for key, value in cleaned.items() if value_of(current, TABLE[key]) != value}


def value_of(current: NetworkSettings, one: Setting) -> Any:
    """The value in force; a secret one in the clear, for comparing and handing over and nothing else."""
    kept = getattr(current, one.column)
    if not one.is_secret:
        return kept
    return keys.load(django_settings.OPTIONS.data).decrypt(bytes(kept)) if kept else ""


def mark_some(*, now: datetime) -> int:
    """Scheduled until it returns 0: management settings become due on the next systems after a change that concerns
    all of them. A few hundred at a time, because nobody but the batcher may write for long (rule R9)."""
    with next_portion(MARKED, MARKED_AT_ONCE) as ids:
        if ids:
            System.objects.filter(pk__in=ids).update(management_is_due=True, management_rounds=0)
            Contact.objects.filter(system_id__in=ids).update(has_work=True)
    return len(ids)


def begin_portions(name: str) -> None:
    """A change concerns every managed system: `next_portion` begins with the first of them."""
    Portion.objects.update_or_create(name=name, defaults={"up_to": 0})


@contextmanager
def next_portion(name: str, size: int) -> Iterator[list[int]]:
    """The managed systems that come next after a change which concerns all of them, their contacts locked, in a
    transaction. Empty where all have been seen to."""
    # Mostly nothing is left, and a transaction would keep other writers waiting to find that out.
    if not Portion.objects.filter(pk=name).exists():
        yield []
        return
    with transaction.atomic():
        # Who finds it in another's hand leaves it: that one goes on to the end.
        portion = unlocked(Portion.objects.filter(pk=name)).first()
        if portion is None:
            yield []
            return
        left = System.objects.filter(state="managed", pk__gt=portion.up_to).order_by("pk")
        ids = list(left.values_list("pk", flat=True)[:size])
        lock_contacts(ids)
        yield ids
        if len(ids) < size:
            portion.delete()
        else:
            Portion.objects.filter(pk=name).update(up_to=ids[-1])


def concerned_by(values: dict[str, Any]) -> int:
    """How many systems would be handed their management settings anew if these values were set."""
    cleaned, _rest = check(values)
    is_news = news(get(), cleaned).keys() & (_WRITTEN | _DEFAULTS)
    return System.objects.filter(state="managed").count() if is_news else 0


def _encrypted(text: str) -> bytes:
    return keys.load(django_settings.OPTIONS.data).encrypt(text) if text else b""
