"""Reading and changing Network settings: one row, validated as a whole before anything is written."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.db import transaction

from roomkeeper import keys
from roomkeeper.systems import former_addresses, live
from roomkeeper.systems.addresses import network_of
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Contact, NetworkSettings, System
from roomkeeper.systems.settings_for_devices import (
    clean_authorities,
    clean_device_zone,
    clean_ntp_servers,
    clean_snmp_text,
    clean_window,
    clean_zone,
)

_FQDN = re.compile(r"(?=.{1,255}$)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*\.?")
_INTERVALS = {
    "heartbeat_idle": (10, 86_400),
    "heartbeat_waiting": (2, 3_600),
    "heartbeat_watched": (2, 3_600),
    "heartbeat_admitted": (2, 3_600),
    "heartbeat_unknown": (2, 86_400),
    "poll_idle": (60, 86_400),
    "poll_in_call": (15, 3_600),
    "poll_watched": (5, 600),
    "poll_dead": (60, 86_400),
}
# No more than `devices.limits` lets through at a time.
_NUMBERS = {"polls_at_once": (1, 100), "polls_at_once_in_a_network": (1, 30), "feedback_slot": (1, 4)}
_FQDNS = ("internal_fqdn", "public_fqdn")
_NETWORKS = ("admission_networks", "password_over_http_networks")
_SWITCHES = ("update_connectivity", "secure_only", "secrets_may_use_http", "admission_by_hand", "polling")
_PORTS = ("device_http_port", "device_https_port")
_ADDRESSES = {"internal_ipv4", "internal_ipv6", "internal_fqdn", "public_ipv4", "public_ipv6", "public_fqdn"}
_RULES = {
    "maintenance_window": clean_window,
    "time_zone": clean_zone,
    "device_authorities": clean_authorities,
    "snmp_contact": clean_snmp_text,
    "snmp_location": clean_snmp_text,
    "snmp_community": clean_snmp_text,
    "ntp_servers": clean_ntp_servers,
    "device_time_zone": clean_device_zone,
}
# Written to systems with their management settings, as the addresses are.
_WRITTEN = {"snmp_contact", "snmp_location", "snmp_community", "feedback_slot"}
# Wanted of every system, below all that is wanted of it in particular.
_DEFAULTS = {"ntp_servers", "device_time_zone"}
# Given in the clear, kept encrypted, and read back by nobody.
_SECRETS = {"snmp_community": "snmp_community_ciphertext"}
MARKED_AT_ONCE = 500
# Kept by the service itself.
_OWN = {"id", "marked_up_to", "compared_up_to", "former_feedback_slot", "posts_resumed_at"}
FIELDS = (
    *(
        field.name
        for field in NetworkSettings._meta.concrete_fields
        if field.name not in _OWN and field.name not in _SECRETS.values()
    ),
    *_SECRETS,
)


class InvalidNetworkSettings(ValueError):
    """Some values cannot be used; `errors` holds a sentence for each field."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {sentence}" for field, sentence in errors.items()))
        self.errors = errors


def get() -> NetworkSettings:
    """The settings in force; made with their defaults at the first call."""
    found = NetworkSettings.objects.order_by("pk").first()
    return found or NetworkSettings.objects.get_or_create(pk=1)[0]


def update(values: dict[str, Any], *, user: Any, now: datetime) -> NetworkSettings:
    """Change some of the settings; all or, with `InvalidNetworkSettings`, none.

    A changed server address is handed to all managed systems with their next answers.
    """
    with transaction.atomic():
        current = get()
        before = {field: str(getattr(current, field) or "") for field in _ADDRESSES}
        slot_before = current.feedback_slot
        errors: dict[str, str] = {}
        changed = set()
        for field, value in values.items():
            if field not in FIELDS:
                errors[field] = "is no network setting."
                continue
            sentence, cleaned = _clean(field, value)
            if sentence:
                errors[field] = sentence
            elif field in _SECRETS:
                changed |= _set_secret(current, field, cleaned)
            elif getattr(current, field) != cleaned:
                setattr(current, field, cleaned)
                changed.add(field)
        if not errors:
            errors = _field_errors(current)
        if errors:
            raise InvalidNetworkSettings(errors)
        if changed & (_ADDRESSES | _WRITTEN):
            current.marked_up_to = 0
        if changed & _DEFAULTS:
            current.compared_up_to = 0
        if current.feedback_slot != slot_before:
            current.former_feedback_slot = slot_before
        current.save()
        if changed & _ADDRESSES:
            former_addresses.note(before, current, now=now)
        if changed & (_ADDRESSES | _WRITTEN):
            mark_some(now=now)
        if changed:
            live.publish("network_settings")
    return current


def mark_some(*, now: datetime) -> int:
    """Scheduled until it returns 0: management settings become due on the next systems after a change that concerns
    all of them. A few hundred at a time, because nobody but the batcher may write for long (rule R9)."""
    with next_portion("marked_up_to", MARKED_AT_ONCE) as ids:
        if ids:
            System.objects.filter(pk__in=ids).update(management_is_due=True, management_rounds=0)
            Contact.objects.filter(system_id__in=ids).update(has_work=True)
    return len(ids)


@contextmanager
def next_portion(marker: str, size: int) -> Iterator[list[int]]:
    """The managed systems that come next after a change which concerns all of them, their contacts locked, in a
    transaction; `marker` is the column that says how far it has come. Empty where all have been seen to."""
    # Mostly nothing is left, and a transaction would keep other writers waiting to find that out.
    if getattr(get(), marker) is None:
        yield []
        return
    with transaction.atomic():
        current = get()
        seen = getattr(current, marker)
        if seen is None:
            yield []
            return
        left = System.objects.filter(state="managed", pk__gt=seen).order_by("pk")
        ids = list(left.values_list("pk", flat=True)[:size])
        lock_contacts(ids)
        yield ids
        is_over = len(ids) < size
        NetworkSettings.objects.filter(pk=current.pk).update(**{marker: None if is_over else ids[-1]})


def concerned_by(values: dict[str, Any]) -> int:
    """How many systems would be handed their management settings anew if these values were set."""
    current = get()
    is_news = any(
        field in _SECRETS or str(getattr(current, field, "") or "") != str(value or "")
        for field, value in values.items()
        if field in _ADDRESSES | _WRITTEN | _DEFAULTS
    )
    return System.objects.filter(state="managed").count() if is_news else 0


def _set_secret(current: NetworkSettings, field: str, text: str) -> set[str]:
    """Keep a secret encrypted; the set of its name where it is another one than before."""
    store = keys.load(django_settings.OPTIONS.data)
    before = bytes(getattr(current, _SECRETS[field]))
    if (store.decrypt(before) if before else "") == text:
        return set()
    setattr(current, _SECRETS[field], store.encrypt(text) if text else b"")
    return {field}


def _clean(field: str, value: Any) -> tuple[str, Any]:
    """(error sentence or "", cleaned value)."""
    if field in _INTERVALS:
        low, high = _INTERVALS[field]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            return f"must be a whole number of seconds from {low} to {high}.", value
    elif field in _NUMBERS:
        low, high = _NUMBERS[field]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            return f"must be a whole number from {low} to {high}.", value
    elif field in _PORTS:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65_535:
            return "must be a port from 1 to 65535.", value
    elif field in _NETWORKS:
        if not isinstance(value, list | tuple):
            return "must be a list of networks.", value
        networks = []
        for text in value:
            try:
                networks.append(str(network_of(str(text))))
            except ValueError as error:
                return str(error), value
        return "", networks
    elif field in _FQDNS:
        value = str(value or "").strip().lower().rstrip(".")
        if value and not _FQDN.fullmatch(value):
            return f"{value!r} is no host name.", value
    elif field in _SWITCHES:
        if not isinstance(value, bool):
            return "must be true or false.", value
    elif field in _RULES:
        try:
            return "", _RULES[field](value)
        except ValueError as error:
            return str(error), value
    else:
        value = str(value).strip() if value else None
    return "", value


def _field_errors(settings: NetworkSettings) -> dict[str, str]:
    try:
        settings.full_clean(exclude=["id"])
    except ValidationError as error:
        return {field: " ".join(sentences) for field, sentences in error.message_dict.items()}
    return {}
