"""Change sets and actions as people and programs see them: fields, filters, cancelling, asking once more."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from roomkeeper.accounts.permissions import ROOT_PATH, Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Rest
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.subjects import CommandLine, Pages, Subject, register
from roomkeeper.provisioning import actions, change_sets
from roomkeeper.provisioning import delivery_telling as telling
from roomkeeper.provisioning.actions import ActionRefused
from roomkeeper.provisioning.delivery_telling import ChangeOut, DeliveryWord
from roomkeeper.provisioning.models import Action, ChangeSet, DeliveryState
from roomkeeper.provisioning.settings_acts import ASK_SETTINGS, UNDO
from roomkeeper.systems.models import System
from roomkeeper.systems.surface import is_on_visible_system, place_of_system
from roomkeeper.words import gettext as _

_STATES: Final = tuple((state.value, state.value.upper()) for state in DeliveryState)
_TIMES: Final = ("delivered_at", "ended_at", "expires_at")


class NothingToRetry(ValueError):
    """Nothing of the change set can be asked for once more."""


def _cancel(row: ChangeSet, *, user: Person, now: datetime) -> tuple[ChangeSet, int]:
    return row, change_sets.cancel_change_set(row, user=user, now=now)


def _retry(row: ChangeSet, *, user: Person, now: datetime) -> None:
    if not change_sets.retry_failed(row, user=user, now=now):
        raise NothingToRetry(_("Nothing of this change set failed, expired or was cancelled."))


def _cancel_action(row: Action, *, user: Person, now: datetime) -> None:
    if not actions.cancel(row, user=user, now=now):
        row.refresh_from_db(fields=["state"])
        state = row.get_state_display().lower()
        raise ActionRefused(_("The action is already {state}, so it cannot be cancelled.", state=state))


def _all_folders(row: ChangeSet, taken: Mapping[str, Any]) -> Sequence[str]:
    """It is cancelled and retried as a whole: on all of its systems."""
    systems = System.objects.filter(changes__change_set=row)
    return list(systems.order_by().values_list("folder__path", flat=True).distinct())


CHANGE_SETS = register(
    Subject(
        noun="change set",
        plural="change sets",
        model=ChangeSet,
        meaning="Settings asked of one or many systems; told as far as you may see the systems.",
        command_line=CommandLine(name="changes"),
        seen_by=telling.seen_by,
        place=lambda row: ROOT_PATH,
        order="-id",
        search=("description",),
        related=("created_by",),
        prepare=telling.look_up,
        label=lambda row: row.description or _("Change set {row}", row=row.pk),
        topic="change_set",
        page="change_set",
        pages=Pages(help="changes", empty="change_sets/empty.html"),
        fields=(
            Field(name="id", type=int, heading="No.", cell="key"),
            Field(
                name="system",
                type=int,
                filter_type=Identifier,
                meaning="Change sets that ask for something of this system.",
                filter="own",
                narrow=telling.by_system,
                sort="",
                is_told=False,
                in_csv=False,
            ),
            Field(name="created_at", type=datetime, filter="since", heading="Asked", cell="when"),
            Field(name="description", type=str),
            Field(
                name="settings",
                type=list[str],
                meaning="The paths, as of the first system.",
                read=lambda row: row.paths,
                sort="",
                heading="Settings",
                cell="change_sets/cell_settings.html",
                is_told=False,
            ),
            Field(
                name="systems",
                type=str,
                read=lambda row: str(row.first.system) if row.first else "",
                sort="",
                heading="Systems",
                cell="change_sets/cell_systems.html",
                is_told=False,
            ),
            Field(
                name="state",
                type=DeliveryWord,
                meaning="`waiting`, `delivered` while anything is; then `failed`. As a filter: sets with at least one "
                "change in this state.",
                read=telling.state_of,
                filter="own",
                narrow=telling.by_state,
                choices=_STATES,
                sort="",
            ),
            Field(
                name="counts",
                type=dict[str, int],
                meaning="Changes by state, of the systems that you can see.",
                read=lambda row: row.found,
                sort="",
                heading="States",
                cell="change_sets/cell_counts.html",
            ),
            Field(
                name="created_by",
                type=str | None,
                at="created_by__username",
                filter="one",
                heading="By",
                cell="by",
            ),
            Field(name="persistent", type=bool, at="is_persistent", filter="one", is_minor=True),
            Field(name="cancelled_at", type=datetime | None, sort=""),
            Field(name="during_calls", type=bool, sort=""),
            Field(name="only_in_window", type=bool, sort=""),
            Field(name="failure_limit", type=int | None, sort=""),
            Field(name="stopped_at", type=datetime | None, sort=""),
            Field(name="stop_reason", type=str, sort=""),
            Field(
                name="undoes",
                type=int | None,
                at="undoes_id",
                meaning="The change set whose values before this one restores.",
                sort="",
            ),
            Field(
                name="changes",
                type=list[ChangeOut],
                meaning="System by system, of those that you can see.",
                read=telling.changes_of,
                sort="",
                is_detail=True,
            ),
        ),
        acts=(
            Act(
                name="cancel",
                needs=Permission.CHANGE_SETTINGS,
                places=_all_folders,
                run=_cancel,
                summary="Cancel what was not sent yet.",
                title="Cancel change set {row.pk}?",
                what="{row.waiting_words} will not be sent. What was already sent stays.",
                undo="To undo this, use Try again.",
                button="Cancel",
                done="What had not been sent is cancelled.",
                is_dangerous=True,
                offered=lambda row: bool(row.found["waiting"]),
                tells=(
                    Field(
                        name="cancelled",
                        type=int,
                        meaning="Settings cancelled before they were sent.",
                        read=lambda number: number,
                    ),
                ),
            ),
            Act(
                name="retry",
                needs=Permission.CHANGE_SETTINGS,
                places=_all_folders,
                run=_retry,
                refused=(NothingToRetry,),
                summary="Ask what failed, expired or was cancelled once more.",
                title="Try change set {row.pk} again?",
                what="{row.ended_words} wait for the next posts of the systems again.",
                undo="It can be cancelled until it is sent.",
                button="Try failed again",
                done="What had failed waits again.",
                rest=Rest(is_accepted=True),
                offered=lambda row: any(row.found[state] for state in telling.ENDED_BADLY),
            ),
            ASK_SETTINGS,
            UNDO,
        ),
    )
)

ACTIONS = register(
    Subject(
        noun="action",
        plural="actions",
        model=Action,
        meaning="A one-off act on a system. DELIVERED means sent, not done.",
        seen_by=is_on_visible_system,
        place=place_of_system,
        order="-id",
        search=("command", "system__name", "reason"),
        related=("system__folder", "created_by"),
        label=lambda row: _("{row.command} on {row.system}", row=row),
        about=lambda row: row.system,
        topic="system",
        page="system_action",
        pages=Pages(
            keys=lambda row: (row.system_id, row.pk),
            help="commands",
            empty="Nothing was run on any system yet. Choose systems in the list, or open one, and run a command.",
        ),
        fields=(
            Field(name="id", type=int, heading="No.", cell="fit"),
            Field(name="created_at", type=datetime, filter="since", heading="Asked", cell="when"),
            Field(name="system", type=int, at="system_id", filter="any", sort="system"),
            Field(name="system_name", type=str, at="system__name", sort="", heading="System", cell="system"),
            Field(
                name="command", type=str, filter="one", heading="Command", cell="actions/cell_command.html"
            ),
            Field(
                name="arguments",
                type=dict[str, str | list[str]],
                read=lambda row: dict(row.arguments),
                sort="",
            ),
            Field(
                name="state",
                type=DeliveryWord,
                filter="any",
                choices=_STATES,
                heading="State",
                cell="delivery",
            ),
            Field(name="reason", type=str, sort="", heading="Why"),
            Field(name="during_calls", type=bool, sort=""),
            Field(name="only_in_window", type=bool, sort=""),
            Field(
                name="answer",
                type=dict[str, str] | None,
                meaning="What the device answered, by path; null where no answer came, as with the answer to a post.",
                sort="",
            ),
            Field(
                name="created_by",
                type=str | None,
                at="created_by__username",
                filter="one",
                heading="By",
                cell="by",
            ),
            *(Field(name=name, type=datetime | None) for name in _TIMES),
        ),
        acts=(
            Act(
                name="cancel",
                needs=Permission.RUN_ACTIONS,
                run=_cancel_action,
                refused=(ActionRefused,),
                summary="Cancel an action that was not sent yet.",
                title="Cancel this action of {row.system}?",
                what="The action is cancelled before it is sent: {row.command}.",
                undo="Request it again to undo this.",
                button="Cancel the action",
                done="The action is cancelled.",
                for_many=True,
                offered=lambda row: row.state == DeliveryState.WAITING,
            ),
        ),
    )
)
