"""Secure-Only of one system. It is turned on by a move of its own (trust, proof, switch), never by a switch alone: a
system that does not trust our certificate would be lost."""

from datetime import datetime

from django.db.models import QuerySet

from roomkeeper.accounts.person import Person
from roomkeeper.secure_only import moving, planning
from roomkeeper.secure_only.models import Member, Move
from roomkeeper.systems.admission import secure_only
from roomkeeper.systems.models import State, System
from roomkeeper.words import gettext as _


def turn_on(system: System, *, trust: str, user: Person, now: datetime) -> Move | None:
    """Begin to move the system; the move by which it is followed, the one that is on its way already among them. None
    where there is nothing to move: it has come by HTTPS already, or it is not managed yet and is admitted so.

    Raises `moving.MoveRefused` and `secure_only.SecureOnlyRefused` with a sentence.
    """
    if system.state != State.MANAGED:
        secure_only.set_secure_only(system, True, user=user, now=now)
        return None
    if open_one := _open_members(system).filter(move__is_secure=True).first():
        return open_one.move
    (planned,) = (plan := planning.plan([system], is_secure=True, trust=trust)).members
    if planned.verdict == "already":
        return None
    if planned.verdict == "cannot":
        raise moving.MoveRefused(
            _("{system} cannot be Secure-Only: {reason}.", system=system, reason=planned.reason).replace(
                "..", "."
            )
        )
    return moving.start(plan, is_secure=True, trust=trust, canary=1, wave_size=1, user=user, now=now)


def turn_off(system: System, *, user: Person, now: datetime) -> None:
    """Let the system use HTTP again; a move that it takes part in goes on without it."""
    for member in _open_members(system).filter(move__is_secure=True):
        moving.skip(member, now=now)
    system.refresh_from_db()
    secure_only.set_secure_only(system, False, user=user, now=now)


def newest_member(system: System) -> Member | None:
    """Where the system stands in the move that it took part in last."""
    return system.secure_only_moves.select_related("move").order_by("-move_id").first()


def is_open(member: Member) -> bool:
    """Whether the system is still on its way by that move."""
    return member.move.state in planning.OPEN and member.state not in moving.CLOSED


def _open_members(system: System) -> QuerySet[Member]:
    mine = system.secure_only_moves.select_related("move", "system")
    return mine.filter(move__state__in=planning.OPEN).exclude(state__in=moving.CLOSED).order_by("-move_id")
