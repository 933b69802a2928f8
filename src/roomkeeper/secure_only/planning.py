"""What a move would do: which systems take part, which cannot and why, in which order. Decides without doing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from roomkeeper.devices import names, registry
from roomkeeper.devices.quirks import quirks_of
from roomkeeper.provisioning import planning
from roomkeeper.provisioning.authorities import BY_HAND
from roomkeeper.provisioning.calling import why_it_never_calls
from roomkeeper.secure_only.models import Member, Move
from roomkeeper.secure_only.obstacles import is_tls_ended_before_us, obstacles
from roomkeeper.systems.admission.secure_only import is_supported
from roomkeeper.systems.contact.credentials import has_credentials
from roomkeeper.systems.documents import ReportedConfiguration, each_reported
from roomkeeper.systems.models import Connectivity, Contact, State, System
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext, noop

PROTOCOL_PATH = "Provisioning/ExternalManager/Protocol"
_PROXY_SHOWS: Final = noop(
    "the proxy before this server ends TLS; our authority helps only if it signed the certificate that "
    "the proxy shows"
)
OPEN = (Move.State.RUNNING, Move.State.PAUSED)


@dataclass(frozen=True, slots=True)
class PlannedMember:
    """One system; `verdict` is move, already or cannot, with a sentence where it cannot or needs looking at."""

    system: System
    verdict: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MovePlan:
    """The outcome for each system."""

    members: tuple[PlannedMember, ...]

    def chosen(self, verdict: str) -> list[System]:
        """The systems with that verdict."""
        return [member.system for member in self.members if member.verdict == verdict]

    @property
    def counts(self) -> dict[str, int]:
        """How many systems have each verdict."""
        return {verdict: len(self.chosen(verdict)) for verdict in ("move", "already", "cannot")}


def plan(systems: Iterable[System], *, is_secure: bool, trust: str) -> MovePlan:
    """Hold each system against what its family and its way of reaching us allow."""
    listed = list(systems)
    ids = [system.pk for system in listed]
    schemes = dict(Contact.objects.filter(system_id__in=ids).values_list("system_id", "scheme"))
    proven = set(System.objects.filter(pk__in=ids, secrets__stage="current").values_list("pk", flat=True))
    busy = set(
        Member.objects.filter(system_id__in=ids, move__state__in=OPEN).values_list("system_id", flat=True)
    )
    members = [
        _judge(
            system,
            is_secure=is_secure,
            trust=trust,
            scheme=schemes.get(system.pk, ""),
            is_proven=system.pk in proven,
            is_busy=system.pk in busy,
        )
        for system in listed
    ]
    if is_secure:
        members = _without_obstacles(_without_the_old(members))
    if is_secure and trust == Move.Trust.NO_VERIFY:
        members = _with_what_is_turned_off(members)
    if is_secure and trust == Move.Trust.INSTALL_CA and is_tls_ended_before_us():
        members = [
            replace(member, reason=_(_PROXY_SHOWS)) if member.verdict == "move" else member
            for member in members
        ]
    return MovePlan(tuple(members))


def _without_the_old(members: list[PlannedMember]) -> list[PlannedMember]:
    """The same, where those cannot move whose software has no HTTPS towards its manager, by what they reported."""
    moving = [member.system for member in members if member.verdict == "move"]
    found = planning.plan_settings(moving, {PROTOCOL_PATH: "HTTPS"}).per_system
    reasons = {change.system.pk: change.items[0].reason for change in found if change.verdict == "cannot"}
    return [
        PlannedMember(
            member.system,
            "cannot",
            _(
                "its software {software_version} is too old: {protocol_path} cannot be HTTPS ({reasons})",
                software_version=member.system.software_version,
                protocol_path=PROTOCOL_PATH,
                reasons=reasons[member.system.pk],
            ),
        )
        if member.system.pk in reasons
        else member
        for member in members
    ]


def _without_obstacles(members: list[PlannedMember]) -> list[PlannedMember]:
    """The same, where those wait whose clock is wrong (certificates look not yet valid, or expired, to them), and those
    for which we have no address by HTTPS."""
    reasons = obstacles([member.system for member in members if member.verdict == "move"])
    return [
        PlannedMember(member.system, "cannot", reasons[member.system.pk])
        if member.system.pk in reasons
        else member
        for member in members
    ]


def _judge(
    system: System, *, is_secure: bool, trust: str, scheme: str, is_proven: bool, is_busy: bool
) -> PlannedMember:
    if system.state != State.MANAGED:
        return PlannedMember(system, "cannot", _("it is not managed; admit it first"))
    if is_busy:
        return PlannedMember(system, "cannot", _("it is part of another move that has not ended"))
    if not is_secure:
        return PlannedMember(system, "move" if system.is_secure_only else "already")
    if system.secure_only_completed_at is not None:
        return PlannedMember(system, "already")
    family = registry.get_family(system.family)
    if why := why_it_never_calls(system):
        return PlannedMember(system, "cannot", f"{why} {family.secure_only.changes}")
    if not is_supported(system.family):
        return PlannedMember(system, "cannot", f"{family.title}: {family.secure_only.changes}")
    if not is_proven:
        return PlannedMember(system, "cannot", _("it has not proven its secret yet; it has to post once"))
    if (
        trust == Move.Trust.INSTALL_CA
        and not quirks_of(system.software_version, system.family).authority_command
    ):
        return PlannedMember(
            system,
            "cannot",
            _(
                "{no_command_for_authorities} and choose that it already trusts us, or turn its "
                "certificate checks off",
                no_command_for_authorities=no_command_for_authorities(system.software_version),
            ),
        )
    is_pushed_to = system.connectivity != Connectivity.BEHIND_FIREWALL and has_credentials(system)
    if trust == Move.Trust.INSTALL_CA and scheme != "https" and not is_pushed_to:
        why = _("it is behind a firewall") if has_credentials(system) else _("no login is stored for it")
        return PlannedMember(
            system,
            "cannot",
            _(
                "{why} and it calls us by plain HTTP, over which no authority is sent; install it by "
                "hand, or choose another way of trust",
                why=why,
            ),
        )
    return PlannedMember(system, "move")


def _with_what_is_turned_off(members: list[PlannedMember]) -> list[PlannedMember]:
    """The same, with which of its settings each that moves stops checking certificates by."""
    moving = [member.system for member in members if member.verdict == "move"]
    reasons: dict[int, str] = {}
    for system, reported in zip(moving, each_reported([system.pk for system in moving]), strict=True):
        checks = verify_settings(system, reported)
        reasons[system.pk] = _("it has no setting for certificate checks")
        if checks:
            reasons[system.pk] = ngettext(
                "{checks} is set to Off on it",
                "{checks} are set to Off on it",
                len(checks),
                checks=", ".join(checks),
            )
    return [
        replace(member, reason=reasons[member.system.pk]) if member.system.pk in reasons else member
        for member in members
    ]


def no_command_for_authorities(software: str) -> str:
    """Said of a system whose release cannot be given an authority by us, and what is left."""
    return _(
        "its software {software} has no command to install an authority; {by_hand}",
        software=software,
        by_hand=BY_HAND,
    )


def verify_settings(system: System, reported: ReportedConfiguration | None) -> tuple[str, ...]:
    """The settings by which the system checks our certificate: those that it has reported, whatever its release; where
    it has reported none of its configuration, those that its release has (protocol notes O)."""
    if reported is None or not reported.is_whole:
        return quirks_of(system.software_version, system.family).verify_settings
    return tuple(own[0] for path in names.VERIFY_SETTINGS if (own := reported.find(path)) is not None)


def order(systems: Sequence[System], *, canary: int, wave_size: int) -> list[tuple[int, System]]:
    """(wave, system): canaries first, one of each family, connectivity and product where there are so many."""
    kinds: dict[tuple[str, str, str], list[System]] = {}
    for system in systems:
        kinds.setdefault((system.family, system.connectivity, system.product), []).append(system)
    first: list[System] = []
    while len(first) < canary and any(kinds.values()):
        for those in kinds.values():
            if those and len(first) < canary:
                first.append(those.pop(0))
    chosen = {system.pk for system in first}
    rest = [system for system in systems if system.pk not in chosen]
    return [(0, system) for system in first] + [
        (1 + index // wave_size, system) for index, system in enumerate(rest)
    ]
