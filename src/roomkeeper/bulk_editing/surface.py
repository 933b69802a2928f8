"""Editing many systems as people and programs ask for it: the act behind the page and the address, and the file out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import StreamingHttpResponse

from roomkeeper.accounts import audit
from roomkeeper.accounts.actors import Actor
from roomkeeper.accounts.permissions import Permission
from roomkeeper.accounts.person import Person
from roomkeeper.bulk_editing.applying import EditOptions, PlanChanged, apply_plan
from roomkeeper.bulk_editing.differences import EditPlan
from roomkeeper.bulk_editing.exporting import write_csv
from roomkeeper.operations.acts import Act, Input, Trail
from roomkeeper.operations.exports import text_in_chunks
from roomkeeper.operations.subjects import Subject, register
from roomkeeper.provisioning.planning import Care, PlanRefused
from roomkeeper.systems.inventory import FolderRefused
from roomkeeper.systems.models import System

EXPORT_WORD: Final = "export systems for editing"
HOW: Final = (
    Input(
        name="create_folders",
        type=bool,
        default=False,
        meaning="Create missing folders.",
        label="Create missing folders; otherwise lines with one are left out",
    ),
    Input(name="persistent", type=bool, default=False, meaning="Make the settings persistent."),
    Input(name="description", default="", most=255, meaning="Why, for people."),
    Input(
        name="during_calls", type=bool, default=False, meaning="Settings also while a system is in a call."
    ),
    Input(
        name="only_in_window",
        type=bool,
        default=False,
        meaning="Settings only in a system's maintenance window.",
        option="in-window",
    ),
    Input(
        name="failure_limit",
        type=int | None,
        default=None,
        least=0,
        most=2**31 - 1,
        meaning="Stop once more systems than this have failed.",
    ),
    Input(
        name="digest",
        default="",
        most=64,
        meaning="Of a dry run: nothing is done if the difference has changed since.",
    ),
)


def _edit(
    *,
    user: Person,
    now: datetime,
    noted: Any,
    plan: EditPlan,
    digest: str,
    persistent: bool,
    description: str,
    during_calls: bool,
    only_in_window: bool,
    failure_limit: int | None,
    create_folders: bool,
) -> Any:
    care = Care(during_calls, only_in_window, failure_limit)
    options = EditOptions(persistent, care, description.strip())
    return apply_plan(plan, digest=digest, user=user, now=now, noted=noted, options=options)


def _noted(taken: Mapping[str, Any]) -> dict[str, Any]:
    plan: EditPlan = taken["plan"]
    return {
        "systems": sum(bool(edit.changes) for edit in plan.edits),
        "values": plan.counts["values"],
        "records": len(plan.records),
        "refused_rows": plan.counts["refused"],
        "folders": [one.label for one in plan.folders[:100]],
        "digest": plan.digest,
    }


EDIT: Final = Act(
    name="edit",
    needs=Permission.CHANGE_SETTINGS,
    on="all",
    is_mounted=False,
    has_portions=True,
    run=_edit,
    refused=(PlanChanged, FolderRefused, PlanRefused),
    summary="Edit many systems by a file, or by rows.",
    takes=(*HOW, Input(name="plan", type=Any, default=None)),
    # The plan asks of each system whether this person may change it; what may not be is no part of it.
    places=lambda row, taken: (),
    trail=Trail(given=_noted),
)
EDITING: Final = register(
    Subject(
        noun="systems",
        plural="editing systems",
        model=System,
        meaning="Many at once by a file that people edit: the difference is looked at first.",
        seen_by=lambda grants: Q(pk__in=()),
        place=lambda row: row.folder.path,
        needs=Permission.CHANGE_SETTINGS,
        has_pages=False,
        has_api=False,
        fields=(),
        acts=(EDIT,),
    )
)


def export(
    systems: QuerySet[System], *, fields: Sequence[str], paths: Sequence[str], actor: Actor, now: datetime
) -> StreamingHttpResponse:
    """The file that people edit, to download; noted in the audit trail. `fields` and `paths` as `write_csv` takes
    them."""
    with audit.acting_from(actor.source_address):
        audit.record(actor.user, actor.road, EXPORT_WORD, None, count=systems.count(), settings=list(paths))
    lines = write_csv(systems, fields=fields, paths=paths, now=now)
    return text_in_chunks("systems-to-edit.csv", lines)
