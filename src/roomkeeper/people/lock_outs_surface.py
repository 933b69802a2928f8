"""Lock-outs after wrong passwords, as the administrator of the server sees and lifts them."""

from datetime import datetime

from django.db.models import Q

from roomkeeper.accounts import lock_out
from roomkeeper.accounts.models import SignInTries
from roomkeeper.accounts.permissions import ROOT_PATH, Grants, Permission
from roomkeeper.operations.acts import Act, Rest, Trail
from roomkeeper.operations.fields import Field
from roomkeeper.operations.subjects import Pages, Subject, register


def _seen_by(grants: Grants) -> Q:
    """For whoever manages people: accounts that were locked out and have not signed in from there since."""
    return Q(locked_until__isnull=False) if grants.may(Permission.MANAGE_PEOPLE) else Q(pk__in=[])


LOCK_OUTS = register(
    Subject(
        noun="lock-out",
        plural="lock-outs",
        model=SignInTries,
        meaning="An account that is locked out from one source after wrong passwords; it can sign in from elsewhere.",
        seen_by=_seen_by,
        place=lambda row: ROOT_PATH,
        needs=Permission.MANAGE_PEOPLE,
        anywhere=False,
        order="-tried_at",
        search=("user__username", "source"),
        related=("user",),
        pages=Pages(help="people", empty="Nobody is locked out."),
        fields=(
            Field(name="id", type=int),
            Field(
                name="user",
                type=str | None,
                meaning="null: no account has that name.",
                at="user__username",
                sort="",
                filter="one",
                heading="Account",
            ),
            Field(
                name="source",
                type=str,
                meaning="An address, of IPv6 the /64: from there the account is refused.",
                filter="one",
                heading="From",
                cell="value",
            ),
            Field(
                name="locked_until",
                type=datetime,
                meaning="Later wrong passwords lock twice as long, an hour at most, until the right one is given.",
                heading="Until",
                cell="when",
            ),
            Field(
                name="failures",
                type=int,
                meaning="Wrong passwords in a row.",
                heading="Wrong passwords",
                cell="amount",
            ),
            Field(
                name="refused",
                type=int,
                meaning="Attempts while it was locked out.",
                heading="Refused since",
                cell="amount",
            ),
            Field(
                name="tried_at",
                type=datetime,
                meaning="The last wrong password.",
                heading="Last",
                cell="when",
            ),
        ),
        acts=(
            Act(
                name="unlock",
                trail=Trail(word="unlock"),
                needs=Permission.MANAGE_PEOPLE,
                run=lock_out.lift,
                refused=(lock_out.NotLockedOut,),
                summary="Lift a lock-out: the account may sign in from there again at once.",
                title="Lift this lock-out?",
                what="{row.name} may sign in from {row.source} again at once, with five tries.",
                undo="Wrong passwords lock it out again.",
                button="Unlock",
                done="{row.name} may sign in again.",
                for_many=True,
                rest=Rest(answers="nothing"),
            ),
        ),
    )
)
