"""Where a poll shows that a system calls somebody else, its management settings are written again: three times."""

from collections.abc import Sequence

from roomkeeper.polling import strays
from roomkeeper.polling.models import Poll
from roomkeeper.provisioning import management
from roomkeeper.provisioning.pushing import NOT_KEPT, own_address_towards
from roomkeeper.systems import findings
from roomkeeper.systems.addresses import parse_address
from roomkeeper.systems.models import Contact, NetworkSettings, System
from roomkeeper.systems.reports import Report
from roomkeeper.systems.roster import Known
from roomkeeper.systems.writes import Writes


def look(
    row: Poll,
    known: Known,
    reports: Sequence[Report],
    *,
    reached_at: str,
    settings: NetworkSettings,
    writes: Writes,
) -> None:
    """Compare what was read with what the system was told, and ask for it to be written again; changes the row.

    `reached_at` is the address at which we reach it: one that never posted was told ours towards that.
    """
    by_kind = {report.kind: report for report in reports}
    status, configuration = by_kind.get("status"), by_kind.get("configuration")
    secrets = status.document.secrets if status is not None else ()
    if status is None or not secrets:
        # Without a secret it was never told to call us.
        return
    address = _address_for(known, reached_at, settings)
    if not address.authority:
        return
    feedback = management.family_of(known.family).feedback
    sentence = ""
    if feedback is not None:
        urls = [management.feedback_url(address, secret) for secret in secrets]
        sentence = strays.find_stray_feedback(status.document.values, settings.feedback_slot, urls)
        row.has_our_feedback = not sentence
    if not sentence and configuration is not None:
        sentence = strays.find_stray_manager(
            configuration.document.values,
            [
                management.management_settings(
                    address, secret, family=known.family, is_secure_only=bool(known.is_secure_only)
                )
                for secret in secrets
            ],
        )
    if known.management_is_due:
        return
    if sentence:
        _write_again(row, known, sentence, writes)
    elif configuration is not None:
        _is_in_order(row, known)


def _write_again(row: Poll, known: Known, sentence: str, writes: Writes) -> None:
    row.rounds = min(row.rounds + 1, management.ROUNDS + 1)
    if row.rounds <= management.ROUNDS:
        known.management_is_due = True
        writes.columns[known.system_id]["management_is_due"] = True
        Contact.objects.filter(pk=known.system_id).update(has_work=True)
        writes.note(known, "management", f"To be written again: {sentence}")
        return
    findings.report(
        findings.Finding(
            NOT_KEPT,
            System(pk=known.system_id, name=known.name),
            f"It was given its management settings {management.ROUNDS} times and does not keep them. {sentence}",
            "See whether another manager writes to it; then enforce the management settings.",
        )
    )


def _is_in_order(row: Poll, known: Known) -> None:
    if row.rounds > management.ROUNDS:
        findings.clear(
            NOT_KEPT, System(pk=known.system_id, name=known.name), "The system has its management settings."
        )
    row.rounds = 0


def _address_for(known: Known, reached_at: str, settings: NetworkSettings) -> management.ServerAddress:
    used_host = known.used_host
    if not used_host and parse_address(reached_at) is not None:
        used_host = own_address_towards(reached_at)
    return management.server_address(
        known.connectivity,
        is_secure_only=bool(known.is_secure_only),
        used_host=used_host,
        used_scheme=known.scheme,
        settings=settings,
    )
