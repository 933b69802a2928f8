"""A secret was used for the first time, or by HTTPS for the first time; a system has moved to Secure-Only (R4, R5)."""

from roomkeeper.systems import findings
from roomkeeper.systems.admission.secrets import rotate
from roomkeeper.systems.check_ins.checkin import Arrival
from roomkeeper.systems.check_ins.roster import Known
from roomkeeper.systems.check_ins.writes import Writes
from roomkeeper.systems.models import HttpsProof, System, SystemSecret
from roomkeeper.words import gettext as _


def take_proof(known: Known, secret_id: int, arrival: Arrival, *, writes: Writes) -> bool:
    """An event came with this secret in its path: it is the current one from now on, and others are void.

    A secret that once went over plain HTTP is replaced at the first check-in by HTTPS. Returns whether the system
    has just proven itself.
    """
    secret = SystemSecret.objects.filter(pk=secret_id).first()
    if secret is None:
        return False
    was_new = secret.stage != SystemSecret.Stage.CURRENT
    if was_new:
        SystemSecret.objects.filter(system_id=known.system_id).exclude(pk=secret_id).delete()
        was_first = secret.stage == SystemSecret.Stage.PENDING
        secret.stage, secret.proven_at, secret.expires_at = SystemSecret.Stage.CURRENT, writes.now, None
        secret.is_withheld = False
        secret.save(update_fields=["stage", "proven_at", "expires_at", "is_withheld"])
        known.is_proven = True
        known.has_work = True
        # One that was made Secure-Only meanwhile is still to be told to come by HTTPS.
        known.management_is_due = bool(known.is_secure_only and arrival.scheme == "http")
        writes.columns[known.system_id].update(management_is_due=known.management_is_due, management_rounds=0)
        writes.note(
            known,
            "secret",
            _("Proven: it posts with the secret it was given")
            if was_first
            else _("It posts with its new secret; the old one no longer works"),
            source=arrival.source,
        )
        for kind in ("secret withheld", "secret needs https"):
            findings.clear(kind, known.system_id, _("The system has proven its secret."))
    if arrival.scheme == "https" and secret.was_sent_over_http:
        rotate(System.objects.select_related("folder").get(pk=known.system_id), now=writes.now)
        known.has_work = True
    return was_new


def complete_secure_only(known: Known, *, writes: Writes) -> None:
    """The first check-in by HTTPS of a Secure-Only system: from now on plain HTTP is refused."""
    known.has_moved_to_secure_only = True
    writes.columns[known.system_id]["secure_only_completed_at"] = writes.now
    writes.note(known, "secure-only", _("Moved to Secure-Only: plain HTTP is refused from now on"))


def take_https_proof(known: Known, *, writes: Writes) -> None:
    """It was asked for a document by HTTPS, and one came: it reaches us by HTTPS and trusts our certificate."""
    known.wants_https_proof = False
    writes.columns[known.system_id]["https_proof"] = HttpsProof.PROVEN
    writes.note(known, "secure-only", _("It reaches this server by HTTPS and trusts its certificate"))
    writes.changed(known)
