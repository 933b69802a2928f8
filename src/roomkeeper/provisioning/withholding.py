"""When a pending secret is kept back, and a person is asked (rule R4)."""

from datetime import datetime

from roomkeeper.systems import findings
from roomkeeper.systems.addresses import same_host
from roomkeeper.systems.check_ins.checkin import Arrival
from roomkeeper.systems.check_ins.roster import Known
from roomkeeper.systems.models import SystemSecret
from roomkeeper.words import gettext as _


def why_withheld(secret: SystemSecret, arrival: Arrival, *, now: datetime) -> str:
    """Why a pending secret is not handed to this post, or "" where it may be (rule R4)."""
    if secret.expires_at is not None and secret.expires_at <= now:
        return _("its secret was not used within 24 hours of its admission")
    if not secret.bound_source:
        return _(
            "it was admitted before it first posted, and this post came from {source}", source=arrival.source
        )
    if not same_host(secret.bound_source, arrival.source):
        return _(
            "it was admitted at {bound_source}, but this post came from {source}",
            bound_source=secret.bound_source,
            source=arrival.source,
        )
    return ""


def withhold(known: Known, secret: SystemSecret, reason: str) -> None:
    """Keep the secret back and ask a person."""
    SystemSecret.objects.filter(pk=secret.pk).update(is_withheld=True)
    findings.report(
        findings.Finding(
            "secret withheld",
            known.system_id,
            _("The secret of {name} was withheld: {reason}.", name=known.name or "the system", reason=reason),
            _("Check that it is the same device, then admit it again."),
        )
    )
