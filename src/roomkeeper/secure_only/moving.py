"""Carrying out a move: trust first, then proof, then the switch; canaries, then waves. Scheduled, in short steps.

A system counts as moved only after it came by HTTPS as itself. Until it has proven that it can, nothing of it is
changed, so none is lost: whoever cannot stays as it was, and is listed with what holds it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Case, Count, F, Min, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from roomkeeper.accounts.person import Person, find_account
from roomkeeper.devices.quirks import quirks_of
from roomkeeper.provisioning import actions, authorities, planning
from roomkeeper.provisioning.models import Action, Change, DeliveryState
from roomkeeper.secure_only.models import Member, Move
from roomkeeper.secure_only.obstacles import obstacles, without_https_address
from roomkeeper.secure_only.planning import (
    MovePlan,
    no_command_for_authorities,
    order,
    verify_settings,
)
from roomkeeper.systems import live
from roomkeeper.systems.admission import secure_only
from roomkeeper.systems.documents import reported_configuration
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Contact, HttpsProof, State, System
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

AT_ONCE: Final = 100
# So much of a wave may be held before the move stops for a person; of the canaries none.
HELD_SHARE: Final = 0.2
# A system posts a document that it was asked for at once, and repeats what failed with its next posts.
PROOF_POSTS: Final = 3
PROOF_GRACE: Final = timedelta(seconds=15)
_NO_PROOF: Final = noop(
    "it was asked for a document by HTTPS but goes on posting by HTTP without it: it does not trust our"
    " certificate, has no TLS version in common with us, or TCP 443 is blocked on the way"
)
CLOSED: Final = (Member.State.MOVED, Member.State.HELD, Member.State.SKIPPED)


class MoveRefused(ValueError):
    """The move cannot be made or changed like that."""


def start(
    plan: MovePlan, *, is_secure: bool, trust: str, canary: int, wave_size: int, user: Person, now: datetime
) -> Move:
    """Begin a move with the systems that the plan lets take part. Raises `MoveRefused`."""
    systems = plan.chosen("move")
    if not systems:
        raise MoveRefused(_("None of the chosen systems can be moved."))
    if trust not in Move.Trust.values:
        raise MoveRefused(_("{trust!r} is not a way of trust.", trust=trust))
    if is_secure and trust == Move.Trust.INSTALL_CA:
        _own_authority()
    if canary < 1 or wave_size < 1:
        raise MoveRefused(_("At least one system must go first, and a wave must have at least one."))
    with transaction.atomic():
        move = Move.objects.create(
            is_secure=is_secure,
            trust=trust,
            canary=canary,
            wave_size=wave_size,
            created_at=now,
            created_by=find_account(user),
        )
        waves = order(systems, canary=canary, wave_size=wave_size)
        Member.objects.bulk_create(
            [Member(move=move, system=system, wave=wave, since=now) for wave, system in waves], batch_size=500
        )
        _tell(move)
    return move


def advance(*, now: datetime) -> int:
    """Take every running move a step further; how many systems were touched."""
    return sum(_advance(move, now) for move in Move.objects.filter(state=Move.State.RUNNING).order_by("id"))


def pause(move: Move, *, now: datetime) -> None:
    """Begin nothing new; what was asked goes on."""
    _set_state(move, Move.State.PAUSED, _("paused by a person"), (Move.State.RUNNING,))


def go_on(move: Move, *, now: datetime) -> None:
    """Continue with the next wave; systems on hold stay as they are."""
    _set_state(move, Move.State.RUNNING, "", (Move.State.PAUSED,))
    wave = move.members.filter(state=Member.State.WAITING).aggregate(next=Min("wave"))["next"]
    Move.objects.filter(pk=move.pk).update(accepted_wave=wave or 0)


def cancel(move: Move, *, now: datetime) -> None:
    """End the move: who has not been told to switch stays as it was; who has moved stays moved."""
    with transaction.atomic():
        _set_state(
            move, Move.State.CANCELLED, _("cancelled by a person"), (Move.State.RUNNING, Move.State.PAUSED)
        )
        left = move.members.exclude(state__in=(*CLOSED, Member.State.ASKED))
        System.objects.filter(secure_only_moves__in=left, https_proof=HttpsProof.ASKED).update(
            https_proof=HttpsProof.NONE
        )
        left.update(state=Member.State.SKIPPED, reason=_("the move was cancelled"), since=now)
        Move.objects.filter(pk=move.pk).update(ended_at=now)


def try_again(member: Member, *, now: datetime) -> None:
    """Try a system that is on hold once more."""
    if member.state != Member.State.HELD:
        raise MoveRefused(
            _("{member.system} is {member.state}, so there is nothing to try again.", member=member)
        )
    _put([member], Member.State.WAITING, now)
    Move.objects.filter(pk=member.move_id, state=Move.State.DONE).update(
        state=Move.State.RUNNING, ended_at=None
    )


def skip(member: Member, *, now: datetime) -> None:
    """Leave a system as it is, and the rest of the move does not wait for it."""
    if member.state == Member.State.MOVED:
        raise MoveRefused(_("{system} has already moved; move it back instead.", system=member.system))
    if member.state == Member.State.ASKED:
        # It was told to switch and has not come: told the other way again, by whichever road reaches it.
        secure_only.set_secure_only(member.system, not member.move.is_secure, user=None, now=now)
    System.objects.filter(pk=member.system_id, https_proof=HttpsProof.ASKED).update(
        https_proof=HttpsProof.NONE
    )
    _put([member], Member.State.SKIPPED, now, _("left as it is by a person"))


def ended_before(limit: datetime) -> QuerySet[Move]:
    """Moves that ended before then."""
    return Move.objects.filter(ended_at__lt=limit)


def _advance(move: Move, now: datetime) -> int:
    touched = 0
    for step in (_finish, _switch, _prove, _trust, _begin_wave):
        touched += step(move, now)
    if not move.members.exclude(state__in=CLOSED).exists():
        Move.objects.filter(pk=move.pk, state=Move.State.RUNNING).update(state=Move.State.DONE, ended_at=now)
        _tell(move)
    return touched


def _in_state(move: Move, state: str) -> QuerySet[Member]:
    return move.members.filter(state=state).order_by("wave", "id")


def _first(members: QuerySet[Member]) -> list[Member]:
    """The first of them, to act on. Who among them has nothing to be done has to be left out before: those who are
    silent must not keep the others of their wave from being looked at."""
    return list(members.select_related("system__folder")[:AT_ONCE])


def _first_of(move: Move, ids: Sequence[int]) -> list[Member]:
    """The same for the members with these ids."""
    return _first(move.members.filter(pk__in=ids[:AT_ONCE]).order_by("wave", "id"))


def _begin_wave(move: Move, now: datetime) -> int:
    """Open the next wave once all before it have ended, and not too many of them were held."""
    wave = move.members.filter(state=Member.State.WAITING).aggregate(next=Min("wave"))["next"]
    if wave is None or move.members.filter(wave__lt=wave).exclude(state__in=CLOSED).exists():
        return 0
    if (
        wave > move.accepted_wave
        and not move.members.filter(wave=wave).exclude(state=Member.State.WAITING).exists()
    ):
        before = move.members.filter(wave=wave - 1).aggregate(
            all=Count("id"), held=Count("id", filter=Q(state=Member.State.HELD))
        )
        limit = 0.0 if wave == 1 else HELD_SHARE
        if before["all"] and before["held"] / before["all"] > limit:
            # Without a number: who sees some of the systems reads it, too.
            those = (
                _("A system that went first is on hold")
                if wave == 1
                else _("Many of the last wave are on hold")
            )
            reason = _("{those}: look why, then go on.", those=those)
            _set_state(move, Move.State.PAUSED, reason, (Move.State.RUNNING,))
            return 0
    members = _first(_in_state(move, Member.State.WAITING).filter(wave=wave))
    # A clock may have gone wrong since the plan, or our address have been taken away.
    reasons = obstacles([member.system for member in members]) if move.is_secure else {}
    for member in members:
        if member.system_id in reasons:
            _put([member], Member.State.HELD, now, reasons[member.system_id])
        else:
            _begin(member, move, now)
    return len(members)


def _begin(member: Member, move: Move, now: datetime) -> None:
    system = member.system
    if not move.is_secure:
        _ask(member, now, is_secure=False)
    elif move.trust == Move.Trust.INSTALL_CA:
        _install_authority(member, now)
    elif move.trust == Move.Trust.NO_VERIFY and (
        checks := verify_settings(system, reported_configuration(system.pk))
    ):
        made = planning.create_change_set(
            [system],
            dict.fromkeys(checks, "Off"),
            user=None,
            now=now,
            description="Secure-Only: certificates are not checked",
            care=planning.HARMLESS,
        )
        member.change_set_id = made.pk
        _put([member], Member.State.TRUSTING, now)
    else:
        _ask_for_proof(member, now)


def _install_authority(member: Member, now: datetime) -> None:
    software = member.system.software_version
    command = quirks_of(software, member.system.family).authority_command
    if not command:
        # It has another software than when the move was planned.
        _put([member], Member.State.HELD, now, no_command_for_authorities(software))
        return
    action = actions.ask(member.system, command, user=None, now=now, body=_own_authority())
    member.action_id = action.pk
    _put([member], Member.State.TRUSTING, now)


def _trust(move: Move, now: datetime) -> int:
    """What makes a system trust us has arrived, or will not."""
    action = Action.objects.filter(pk=OuterRef("action_id"))
    change = Change.objects.filter(change_set_id=OuterRef("change_set_id"))
    looked_at = _in_state(move, Member.State.TRUSTING).annotate(
        asked_state=Coalesce(
            Case(
                When(action_id=None, then=Subquery(change.values("state")[:1])),
                default=Subquery(action.values("state")[:1]),
            ),
            Value(DeliveryState.FAILED.value),
        )
    )
    # Releases without these settings do not check certificates: that they lack them holds nobody.
    is_trusting = Q(asked_state=DeliveryState.CONFIRMED) | Q(asked_state=DeliveryState.FAILED, action_id=None)
    for member in _first(looked_at.filter(is_trusting)):
        _ask_for_proof(member, now)
    ended = (DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.CANCELLED)
    failed = _first(looked_at.filter(asked_state__in=ended).exclude(is_trusting))
    known_reasons = dict(
        Action.objects.filter(pk__in=[member.action_id for member in failed]).values_list("pk", "reason")
    )
    for member in failed:
        reason = "" if member.action_id is None else known_reasons.get(member.action_id, "the action is gone")
        _put(
            [member],
            Member.State.HELD,
            now,
            _("our authority could not be installed: {reason}", reason=reason),
        )
    return 0


def _ask_for_proof(member: Member, now: datetime) -> None:
    with transaction.atomic():
        lock_contacts([member.system_id])
        contact = Contact.objects.filter(system=member.system_id).first()
        is_there = contact is not None and contact.scheme == "https"
        proof = HttpsProof.PROVEN if is_there else HttpsProof.ASKED
        System.objects.filter(pk=member.system_id).update(https_proof=proof)
        Contact.objects.filter(system=member.system_id).update(has_work=True)
        _put([member], Member.State.PROVING, now)


def _prove(move: Move, now: datetime) -> int:
    """Who has proven that it reaches us by HTTPS is told to use it; who had its chances is held."""
    proving = _in_state(move, Member.State.PROVING)
    proven = _first(proving.filter(system__https_proof=HttpsProof.PROVEN))
    for member in proven:
        _ask(member, now, is_secure=True)
    posted = proving.exclude(system__https_proof=HttpsProof.PROVEN).filter(
        system__contact__last_seen_at__gt=F("since")
    )
    times = posted.values_list("pk", "since", "system__contact__interval")
    late = _first_of(move, [pk for pk, since, interval in times if now > since + _time_to_prove(interval)])
    _hold_unproven(late, dict.fromkeys((member.system_id for member in late), _(_NO_PROOF)), now)
    return len(proven) + len(late) + _hold_those_without_address(proving, now)


def _hold_those_without_address(proving: QuerySet[Member], now: datetime) -> int:
    """Nobody can be asked for a document by HTTPS at no address, however often it comes."""
    waiting = _first(proving.exclude(system__https_proof=HttpsProof.PROVEN))
    reasons = without_https_address([member.system for member in waiting]) if waiting else {}
    stuck = [member for member in waiting if member.system_id in reasons]
    _hold_unproven(stuck, reasons, now)
    return len(stuck)


def _hold_unproven(members: Sequence[Member], reasons: Mapping[int, str], now: datetime) -> None:
    """Hold them, and ask for their proof no longer."""
    if not members:
        return
    ids = [member.system_id for member in members]
    with transaction.atomic():
        lock_contacts(ids)
        System.objects.filter(pk__in=ids).update(https_proof=HttpsProof.NONE)
        for member in members:
            _put([member], Member.State.HELD, now, reasons[member.system_id])


def _time_to_prove(interval: int) -> timedelta:
    """For some posts of a system that comes so often (seconds), and what they take."""
    return PROOF_POSTS * timedelta(seconds=interval) + PROOF_GRACE


def _ask(member: Member, now: datetime, *, is_secure: bool) -> None:
    try:
        secure_only.set_secure_only(member.system, is_secure, user=member.move.created_by, now=now)
    except secure_only.SecureOnlyRefused as refusal:
        _put([member], Member.State.HELD, now, str(refusal))
    else:
        _put([member], Member.State.ASKED, now)


def _switch(move: Move, now: datetime) -> int:
    """Who was told and has come the new way has moved."""
    asked = _in_state(move, Member.State.ASKED)
    if move.is_secure:
        moved = _first(asked.filter(system__secure_only_completed_at__isnull=False))
    else:
        moved = _first(asked.filter(system__management_is_due=False))
    _put(moved, Member.State.MOVED, now)
    return len(moved)


def _finish(move: Move, now: datetime) -> int:
    """Systems that were deleted, or taken out of management meanwhile, hold nobody up."""
    left = move.members.exclude(state__in=CLOSED).exclude(system__state=State.MANAGED)
    gone = list(left.select_related("system")[:AT_ONCE])
    _put(gone, Member.State.SKIPPED, now, _("it is no longer managed"))
    return 0


def _put(members: Iterable[Member], state: str, now: datetime, reason: str = "") -> None:
    changed = list(members)
    for member in changed:
        member.state, member.since, member.reason = state, now, reason[:500]
    Member.objects.bulk_update(
        changed, ["state", "since", "reason", "action_id", "change_set_id"], batch_size=200
    )
    if changed:
        _tell(changed[0].move)


def _set_state(move: Move, state: str, reason: str, before: tuple[str, ...]) -> None:
    number = Move.objects.filter(pk=move.pk, state__in=before).update(state=state, reason=reason)
    if not number:
        raise MoveRefused(_("The move is {state}.", state=move.state))
    move.state, move.reason = state, reason
    _tell(move)


def _tell(move: Move) -> None:
    live.publish_many([("secure_only", move.pk, "")])


def _own_authority() -> str:
    """The certificate of the authority that signs this server's; raises `MoveRefused` where there is none."""
    try:
        return authorities.own()
    except authorities.AuthorityRefused as error:
        raise MoveRefused(
            _("{error} Install it on them first, and choose that they already trust it.", error=error)
        ) from error
