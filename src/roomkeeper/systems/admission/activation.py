"""One-time activation codes: in the device address they admit one pre-registered system (rule R4)."""

import secrets as randomness
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from roomkeeper.accounts.person import Person, find_account
from roomkeeper.systems import live, timeline
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.models import ActivationCode, State, System
from roomkeeper.words import gettext as _

# 80 bits in lower-case base32: short enough for the keyboard of a touch panel; guesses pay the rate of the unproven.
LENGTH: Final = 16
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
HOURS: Final = 72
MOST_HOURS: Final = 24 * 90


class CodeRefused(ValueError):
    """The system can have no activation code."""


def make_code(
    system: System, *, user: Person, now: datetime, hours: int = HOURS
) -> tuple[ActivationCode, str]:
    """A new code of a pre-registered system and its text, which is shown this once; an older one is void from now on.

    Raises `CodeRefused`.
    """
    if system.state != State.PRE_REGISTERED:
        raise CodeRefused(
            _(
                "{system} is {state}; only a pre-registered system can have an activation code.",
                system=system,
                state=system.get_state_display().lower(),
            )
        )
    if not 1 <= hours <= MOST_HOURS:
        raise CodeRefused(_("An activation code is valid for 1 to {most} hours.", most=MOST_HOURS))
    text = "".join(randomness.choice(_ALPHABET) for _ in range(LENGTH))
    with transaction.atomic():
        code, _rest = ActivationCode.objects.update_or_create(
            system=system,
            defaults={
                "digest": secrets.digest(text),
                "created_at": now,
                "created_by": find_account(user) if getattr(user, "pk", None) else None,
                "expires_at": now + timedelta(hours=hours),
                "used_at": None,
                "used_source": "",
            },
        )
        timeline.add(
            system,
            "admission",
            _(
                "Activation code created, valid until {expires_at:%Y-%m-%d %H:%M} UTC",
                expires_at=code.expires_at,
            ),
            now=now,
            user=user,
        )
        live.publish("inbox", system)
    return code, text


def find_codes(digests: Collection[bytes], *, now: datetime) -> dict[bytes, int]:
    """The systems that these digests of codes admit now, by digest."""
    if not digests:
        return {}
    rows = ActivationCode.objects.filter(
        digest__in=list(digests), used_at=None, expires_at__gt=now, system__state=State.PRE_REGISTERED
    )
    return {bytes(digest): system_id for digest, system_id in rows.values_list("digest", "system_id")}


def use_code(system_id: int, *, source: str, now: datetime) -> bool:
    """The system was admitted by its code, which is void from now on. False where it was already."""
    rows = ActivationCode.objects.filter(system_id=system_id, used_at=None, expires_at__gt=now)
    return bool(rows.update(used_at=now, used_source=source[:64]))
