"""The audit trail: who did what to which object, by which road and from where."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from roomkeeper.accounts.actors import Road
from roomkeeper.accounts.models import AuditEntry
from roomkeeper.accounts.permissions import ROOT_PATH, Grants, Permission
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier, Moment
from roomkeeper.operations.subjects import Pages, Subject, register


def _seen_by(grants: Grants) -> Q:
    return Q() if grants.may(Permission.VIEW_SERVER) else Q(pk__in=[])


def _bound(name: str, lookup: str, meaning: str) -> Field:
    """A filter on the moment of an act."""

    def narrow(value: datetime, grants: Grants, now: datetime) -> Q:
        return Q(**{lookup: value})

    return Field(
        name=name,
        type=datetime,
        filter_type=Moment,
        meaning=meaning,
        filter="own",
        narrow=narrow,
        sort="",
        is_told=False,
        in_csv=False,
    )


AUDIT = register(
    Subject(
        noun="audit entry",
        plural="audit",
        model=AuditEntry,
        meaning="One act of a person or program. Never holds a secret.",
        seen_by=_seen_by,
        place=lambda row: ROOT_PATH,
        needs=Permission.VIEW_SERVER,
        anywhere=False,
        order="-id",
        search=("user_name", "act", "object_kind", "object_label"),
        pages=Pages(help="audit", empty="Nobody did anything here."),
        fields=(
            Field(name="id", type=int),
            Field(name="at", type=datetime, heading="When", cell="when"),
            Field(
                name="user",
                type=str,
                at="user_name",
                filter="one",
                heading="Who",
                cell="audit/cell_filter.html",
            ),
            Field(name="road", type=Road, filter="one", heading="By", cell="word"),
            Field(
                name="source_address",
                type=str,
                meaning="Empty for acts of the server itself.",
                filter="one",
                heading="From",
                cell="audit/cell_filter.html",
            ),
            Field(name="act", type=str, filter="one", heading="Did", cell="audit/cell_filter.html"),
            Field(name="object_kind", type=str, filter="one", heading="To", cell="audit/cell_filter.html"),
            Field(
                name="object_id",
                type=int | None,
                filter="one",
                filter_type=Identifier,
                sort="",
                cell="amount",
            ),
            Field(name="object_label", type=str, sort="", heading="Named"),
            Field(
                name="details",
                type=dict[str, Any],
                sort="",
                heading="Details",
                cell="audit/cell_details.html",
            ),
            _bound("after", "at__gt", "Acts later than that moment."),
            _bound("before", "at__lt", "Acts earlier than that moment."),
        ),
    )
)
