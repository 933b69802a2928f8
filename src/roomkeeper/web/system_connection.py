"""The connection tab of a system's page: the drawing of its roads, why its connectivity is what it is, its secret."""

from typing import Any

from django.http import HttpRequest

from roomkeeper.fleet.connection_roads import login_words, roads
from roomkeeper.polling import service as polling
from roomkeeper.provisioning import passwords
from roomkeeper.provisioning.calling import why_it_never_calls
from roomkeeper.secure_only import single
from roomkeeper.systems import network_settings
from roomkeeper.systems.check_ins import liveness
from roomkeeper.systems.models import System
from roomkeeper.web.acts import now as moment


def connection_tab(request: HttpRequest, system: System) -> dict[str, Any]:
    """Everything about reaching the system and about being reached by it."""
    contact = getattr(system, "contact", None)
    changes = list(system.connectivity_changes.select_related("user").order_by("-id")[:30])
    applied = next((change for change in changes if change.was_applied and change.undone_at is None), None)
    last_probe = next((change for change in changes if change.probe), None)
    secrets = {secret.stage: secret for secret in system.secrets.defer("ciphertext", "digest")}
    found = network_settings.get()
    polls = polling.facts_of([system])[system.pk]
    member = single.newest_member(system)
    return {
        "secure_only": {
            "member": member,
            "is_open": member is not None and member.move.is_secure and single.is_open(member),
        },
        "roads": roads(system, contact, found, last_probe, polls),
        "connectivity_changes": changes,
        "applied": applied,
        "claims": list(system.claims.order_by("-last_at")[:20]),
        "current_secret": secrets.get("current"),
        "pending_secret": secrets.get("pending"),
        "next_secret": secrets.get("next"),
        "network": found,
        "never_calls": why_it_never_calls(system),
        "policy_is_on": found.update_connectivity,
        "has_password": bool(system.password_ciphertext),
        "login": login_words(system),
        "new_password": passwords.find_open(system.pk),
        "why_alive": liveness.why(contact, moment()),
        "polls": polls,
    }
