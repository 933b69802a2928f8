"""Moves to Secure-Only as people and programs see them, with the systems in them: fields, beginning, steering."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from django.db.models import Q
from pydantic import BaseModel

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Planned, Rest, Trail
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.subjects import CommandLine, Nested, Pages, Subject, register
from roomkeeper.secure_only import moving, planning, reading
from roomkeeper.secure_only.models import Member, Move
from roomkeeper.systems.admission.secure_only import SecureOnlyRefused
from roomkeeper.systems.models import System

MoveWord = Literal["running", "paused", "done", "cancelled"]
MemberWord = Literal["waiting", "trusting", "proving", "asked", "moved", "held", "skipped"]
TrustWord = Literal["trusted", "install_ca", "no_verify"]
_REFUSED: Final = (moving.MoveRefused, SecureOnlyRefused)
_STATES: Final = tuple((state.value, state.value) for state in Move.State)
_MEMBER_STATES: Final = tuple(
    (state.value, "on hold" if state == Member.State.HELD else state.value) for state in Member.State
)


def _seen_by(grants: Grants) -> Q:
    mine = Member.objects.filter(grants.folders(Permission.VIEW, "system__folder__path"))
    return Q(pk__in=mine.values("move"))


def _look_up(rows: list[Any], grants: Grants, now: datetime) -> None:
    counts = reading.counts([row.pk for row in rows], grants)
    for row in rows:
        row.counts = counts[row.pk]


def _folders(row: Move | None, taken: Mapping[str, Any]) -> Sequence[str]:
    """To steer a move, the permission has to hold for every system in it; to begin one, for every system planned."""
    if row is not None:
        paths = row.members.order_by().values_list("system__folder__path", flat=True)
        return list(paths.distinct())
    return sorted({system.folder.path for system in taken.get("systems") or ()})


def _plan(
    *, user: Person, now: datetime, systems: Sequence[System], is_secure: bool, trust: str, **how: Any
) -> planning.MovePlan:
    return planning.plan(systems, is_secure=is_secure, trust=trust)


def _start(*, user: Person, now: datetime, systems: Sequence[System], **how: Any) -> Move:
    plan = planning.plan(systems, is_secure=how["is_secure"], trust=how["trust"])
    return moving.start(plan, user=user, now=now, **how)


def _noted(taken: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in taken.items() if name != "systems"}


class PlannedMemberOut(BaseModel):
    """The outcome for one system."""

    system: int
    system_name: str
    verdict: Literal["move", "already", "cannot"]
    reason: str


class MovePlanOut(BaseModel):
    """What a move would do; nothing was changed."""

    counts: dict[str, int]
    members: list[PlannedMemberOut]


def _tell(plan: planning.MovePlan) -> MovePlanOut:
    members: list[Any] = [
        {
            "system": one.system.pk,
            "system_name": one.system.name,
            "verdict": one.verdict,
            "reason": one.reason,
        }
        for one in plan.members
    ]
    return MovePlanOut(counts=plan.counts, members=members)


TRUST: Final = Input(
    name="trust",
    type=TrustWord,
    default="trusted",
    meaning="How a system comes to trust this server's certificate: it does already; our authority is installed on it; "
    "its checks of certificates are turned off.",
    label="How they come to trust this server's certificate",
    hint="Each system is first asked to post a document by HTTPS. Only one that did so is told to switch. From RoomOS "
    "11.27 a device does not trust a public authority by default: install ours, or the one that signed your "
    "certificate, first.",
    choices=tuple(Move.Trust.choices),
)
HOW: Final = (
    Input(
        name="is_secure",
        type=bool,
        default=True,
        meaning="false: back from Secure-Only.",
        option="secure/back",
        label="To HTTPS only; without this, back: HTTP and SNMP may be used again",
    ),
    TRUST,
    Input(
        name="canary",
        type=int,
        default=1,
        least=1,
        most=1000,
        meaning="How many go first.",
        label="Go first",
    ),
    Input(name="wave_size", type=int, default=50, least=1, most=10_000, label="Then waves of"),
)
START: Final = Act(
    name="start",
    command="move",
    needs=Permission.MANAGE_SYSTEMS,
    on="all",
    is_mounted=False,
    rest=Rest(chooses=True, planned=Planned(gives=MovePlanOut, tell=_tell, of_all=True)),
    plan=_plan,
    run=_start,
    refused=_REFUSED,
    summary="Move systems to Secure-Only or back. A system that cannot move stays as it is, and is told.",
    done="The move has started. Follow the outcome for each system here.",
    takes=(*HOW, Input(name="systems", type=list[Any], default=())),
    places=_folders,
    trail=Trail(given=_noted, result=lambda move: {"plan": move.members.count()}),
)


def _steering(name: str, run: Any, **words: Any) -> Act:
    return Act(
        name=name,
        needs=Permission.MANAGE_SYSTEMS,
        run=lambda row, *, user, now: run(row, now=now),
        refused=_REFUSED,
        title=f"{name.capitalize()} the move?",
        places=_folders,
        **words,
    )


MOVES = register(
    Subject(
        noun="secure-only move",
        plural="secure-only moves",
        model=Move,
        meaning="Moves of systems to HTTPS only, or back; counted are the systems that you can see.",
        command_line=CommandLine(name="secure-only"),
        seen_by=_seen_by,
        place=lambda row: "/",
        related=("created_by",),
        prepare=_look_up,
        topic="secure_only",
        page="secure_only_move",
        pages=Pages(at="secure-only", heading="Secure-Only", help="secure-only", empty="No moves yet."),
        fields=(
            Field(name="id", type=int, heading="No.", cell="key"),
            Field(
                name="what",
                type=str,
                read=lambda row: str(row),
                heading="What",
                cell="link",
                is_told=False,
                in_csv=False,
            ),
            Field(name="is_secure", type=bool, meaning="false: back from Secure-Only.", sort=""),
            Field(name="trust", type=TrustWord, sort=""),
            Field(name="canary", type=int, sort=""),
            Field(name="wave_size", type=int, sort=""),
            Field(name="state", type=MoveWord, filter="one", choices=_STATES, heading="State", cell="word"),
            Field(name="reason", type=str, sort=""),
            Field(
                name="counts",
                type=dict[str, int],
                meaning="Systems by state; every state is named.",
                read=lambda row: row.counts,
                heading="Systems",
                cell="secure_only_moves/cell_counts.html",
                wraps=True,
            ),
            Field(
                name="created_by",
                type=str | None,
                at="created_by__username",
                sort="",
                heading="By",
                cell="by",
            ),
            Field(name="created_at", type=datetime, heading="Begun", cell="when"),
            Field(name="ended_at", type=datetime | None, sort=""),
        ),
        acts=(
            START,
            _steering(
                "pause",
                moving.pause,
                summary="Begin nothing new.",
                what="No further system starts. Those that were told to switch continue.",
                undo="It can be continued at any time.",
                button="Pause",
                done="The move is paused.",
                offered=lambda row: row.state == Move.State.RUNNING,
            ),
            _steering(
                "continue",
                moving.go_on,
                summary="Continue with the next wave; systems on hold stay as they are.",
                what="The next wave starts. Systems on hold stay as they are.",
                undo="It can be paused again.",
                button="Go on",
                done="The next wave starts.",
                offered=lambda row: row.state == Move.State.PAUSED,
            ),
            _steering(
                "cancel",
                moving.cancel,
                summary="End the move; who has moved stays moved, all others stay as they were.",
                what="Systems that have moved stay moved; all others stay as they are.",
                undo="Start another move for the rest.",
                button="Cancel the move",
                done="The move is cancelled.",
                is_dangerous=True,
                offered=lambda row: row.state in planning.OPEN,
            ),
        ),
    )
)
MEMBERS = register(
    Subject(
        noun="secure-only member",
        plural="secure-only members",
        model=Member,
        meaning="The systems of moves, and why those that are on hold are.",
        seen_by=lambda grants: grants.folders(Permission.VIEW, "system__folder__path"),
        place=lambda row: row.system.folder.path,
        order="wave",
        search=("system__name", "reason"),
        related=("system__folder", "move"),
        label=lambda row: str(row.system),
        about=lambda row: row.system,
        topic="secure_only",
        pages=Pages(at="secure-only/members", heading="Systems of moves", help="secure-only"),
        nested=Nested(within="secure-only moves", at="members", by="move", key=("system_id", "system_id")),
        fields=(
            Field(name="id", type=int),
            Field(
                name="move",
                type=int,
                at="move_id",
                filter="one",
                filter_type=Identifier,
                heading="Move",
                cell="secure_only_members/cell_move.html",
            ),
            Field(name="system", type=int, at="system_id", sort="system__name"),
            Field(name="system_name", type=str, at="system__name", sort="", heading="System", cell="system"),
            Field(name="wave", type=int, meaning="0 are those that go first.", heading="Wave", cell="amount"),
            Field(
                name="state",
                type=MemberWord,
                filter="one",
                choices=_MEMBER_STATES,
                heading="State",
                cell="move",
            ),
            Field(name="since", type=datetime, sort="", heading="Since", cell="when"),
            Field(
                name="reason",
                type=str,
                meaning="Why it is on hold.",
                sort="",
                heading="Why on hold",
                wraps=True,
            ),
        ),
        acts=(
            Act(
                name="try again",
                trail=Trail(word="try again secure-only"),
                needs=Permission.MANAGE_SYSTEMS,
                run=lambda row, *, user, now: moving.try_again(row, now=now),
                refused=_REFUSED,
                summary="Try a system that is on hold once more.",
                title="Let {row.system} try again?",
                what="{row.reason}",
                undo="Nothing on it is changed until it has proven that it can.",
                button="Try again",
                done="It is tried again.",
                for_many=True,
                offered=lambda row: row.state == Member.State.HELD,
            ),
            Act(
                name="skip",
                trail=Trail(word="skip secure-only"),
                needs=Permission.MANAGE_SYSTEMS,
                run=lambda row, *, user, now: moving.skip(row, now=now),
                refused=_REFUSED,
                summary="Leave a system as it is; the move no longer waits for it.",
                title="Leave {row.system} as it is?",
                what="The move no longer waits for it. If it was told to switch, it is told to go back.",
                undo="It can be moved separately later.",
                button="Leave as it is",
                done="It is left as it is.",
                for_many=True,
                offered=lambda row: row.state not in (Member.State.MOVED, Member.State.SKIPPED),
            ),
        ),
    )
)
