"""Reading and changing Network settings: one row, validated as a whole before anything is written."""

import ipaddress
import re
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from roomkeeper.systems import live
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Contact, NetworkSettings, System

_FQDN = re.compile(r"(?=.{1,255}$)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*\.?")
_INTERVALS = {
    "heartbeat_idle": (10, 86_400),
    "heartbeat_waiting": (2, 3_600),
    "heartbeat_watched": (2, 3_600),
    "heartbeat_admitted": (2, 3_600),
    "heartbeat_unknown": (2, 86_400),
}
_FQDNS = ("internal_fqdn", "public_fqdn")
_NETWORKS = ("admission_networks", "password_over_http_networks")
_SWITCHES = ("update_connectivity", "secure_only", "secrets_may_use_http", "admission_by_hand")
_PORTS = ("device_http_port", "device_https_port")
_ADDRESSES = {"internal_ipv4", "internal_ipv6", "internal_fqdn", "public_ipv4", "public_ipv6", "public_fqdn"}
FIELDS = tuple(field.name for field in NetworkSettings._meta.concrete_fields if field.name != "id")


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
        errors: dict[str, str] = {}
        changed = set()
        for field, value in values.items():
            if field not in FIELDS:
                errors[field] = "is no network setting."
                continue
            sentence, cleaned = _clean(field, value)
            if sentence:
                errors[field] = sentence
            elif getattr(current, field) != cleaned:
                setattr(current, field, cleaned)
                changed.add(field)
        if not errors:
            errors = _field_errors(current)
        if errors:
            raise InvalidNetworkSettings(errors)
        current.save()
        if changed & _ADDRESSES:
            lock_contacts()
            System.objects.filter(state="managed").update(management_is_due=True, management_rounds=0)
            Contact.objects.filter(system__state="managed").update(has_work=True)
        if changed:
            live.publish("network_settings")
    return current


def _clean(field: str, value: Any) -> tuple[str, Any]:
    """(error sentence or "", cleaned value)."""
    if field in _INTERVALS:
        low, high = _INTERVALS[field]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            return f"must be a whole number of seconds from {low} to {high}.", value
    elif field in _PORTS:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65_535:
            return "must be a port from 1 to 65535.", value
    elif field in _NETWORKS:
        if not isinstance(value, list | tuple):
            return "must be a list of networks.", value
        networks = []
        for text in value:
            try:
                networks.append(str(ipaddress.ip_network(str(text).strip(), strict=False)))
            except ValueError:
                return f"{text!r} is no network such as 10.20.0.0/16.", value
        return "", networks
    elif field in _FQDNS:
        value = str(value or "").strip().lower().rstrip(".")
        if value and not _FQDN.fullmatch(value):
            return f"{value!r} is no host name.", value
    elif field in _SWITCHES:
        if not isinstance(value, bool):
            return "must be true or false.", value
    else:
        value = str(value).strip() if value else None
    return "", value


def _field_errors(settings: NetworkSettings) -> dict[str, str]:
    try:
        settings.full_clean(exclude=["id"])
    except ValidationError as error:
        return {field: " ".join(sentences) for field, sentences in error.message_dict.items()}
    return {}
