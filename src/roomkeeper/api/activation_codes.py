"""One-time activation codes of pre-registered systems, each told when it is made and never again."""

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.problems import refused_as
from roomkeeper.api.reach import get_system
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.provisioning.management import EVENTS_PATH
from roomkeeper.systems.admission import activation
from roomkeeper.systems.models import ActivationCode

routes = Routes("systems")


class CodeIn(Schema, extra="forbid"):
    """How long the code is good for."""

    hours: int = Field(activation.HOURS, ge=1, le=activation.MOST_HOURS)


class ActivationCodeOut(Schema):
    """A code, told this once."""

    code: str
    path: str = Field(description="The path to enter as the device's manager path.")
    expires_at: datetime


def tell_code(code: ActivationCode, text: str) -> ActivationCodeOut:
    """The code that has just been made."""
    return ActivationCodeOut(code=text, path=f"{EVENTS_PATH}/{text}", expires_at=code.expires_at)


@routes.post("/{int:system_id}/activation-code", response={201: ActivationCodeOut})
@needs(Permission.ADMIT, anywhere=True)
def make_activation_code(
    request: HttpRequest, system_id: int, details: CodeIn | None = None
) -> Status[ActivationCodeOut]:
    """Make a one-time code that admits a pre-registered system from anywhere; an older one is void from now on."""
    user = user_of(request)
    system = get_system(user, system_id, Permission.ADMIT)
    hours = details.hours if details else activation.HOURS
    with transaction.atomic(), refused_as(409, activation.CodeRefused):
        made = activation.make_code(system, user=user, now=timezone.now(), hours=hours)
        audit.record(user, "api", "make activation code system", system, hours=hours)
    return Status(201, tell_code(*made))
