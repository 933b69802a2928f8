"""Acts on how the device behind a system is talked to: its login once more, what its certificate must be, a poll."""

from typing import Any

from django.http import HttpRequest

from roomkeeper.accounts.permissions import Permission
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.inventory import records
from roomkeeper.systems.models import System
from roomkeeper.web.acts import now as moment
from roomkeeper.web.system_act import Act


def _trust(request: HttpRequest, system: System) -> Any:
    records.set_trust(
        system,
        request.POST.get("trust", ""),
        is_legacy=bool(request.POST.get("legacy")),
        user=request.user,
        now=moment(),
    )


DEVICE_ACTS: dict[str, Act] = {
    "login-again": Act(
        Permission.MANAGE_SYSTEMS,
        "Try the login of {0} again?",
        "The device refused the stored login, so it is no longer sent. Use this after its account was"
        " unlocked or its"
        " password restored on the device: the same login is tried once more at the next contact.",
        "A device locks its account after a few wrong logins; store other credentials if these are wrong.",
        "Try it again",
        lambda request, system: credentials.allow_login_again(system),
        "The login is tried once more at the next contact.",
        tab="connection",
    ),
    "trust": Act(
        Permission.MANAGE_SYSTEMS,
        "How is the certificate of {0} trusted?",
        "What is checked before its login is sent. Accepting any certificate, or legacy TLS, lets an attacker"
        " on the network read that login.",
        "Change it back at any time. If someone has read a login, set another password.",
        "Save",
        _trust,
        "Its trust is changed.",
        extra="systems/ask_trust.html",
        tab="connection",
        is_dangerous=True,
    ),
}
