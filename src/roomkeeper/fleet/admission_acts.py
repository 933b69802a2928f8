"""Who is admitted, ignored, blocked, and who a system is: the acts that decide it, for every surface."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator

from roomkeeper.accounts.permissions import Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Page, Rest, Trail
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier
from roomkeeper.provisioning.management import EVENTS_PATH
from roomkeeper.systems import admission, inventory
from roomkeeper.systems.addresses import parse_address
from roomkeeper.systems.admission import activation, claimants
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import ActivationCode, Folder, State, System
from roomkeeper.words import gettext as _


def _usable(source: str) -> str:
    if parse_address(source) is None:
        raise ValueError(_("{source!r} is not an IP address", source=source))
    return source


def _approve(
    row: System,
    *,
    user: Person,
    now: datetime,
    folder: Folder | None = None,
    name: str | None = None,
    tags: Sequence[str] = (),
    source: str | None = None,
    shown: Collection[str] | None = None,
) -> None:
    admission.approve(row, user=user, now=now, folder=folder, name=name, source=source, shown=shown)
    if tags:
        inventory.set_tags(row, [*(tag.name for tag in row.tags.all()), *tags])


def _into(row: System, taken: Mapping[str, Any]) -> Sequence[str]:
    """Taking a known system out of its folder is for whoever may admit there, too; the inbox is in none."""
    into = taken.get("folder") or row.folder
    return (into.path,) if row.state == State.PENDING else (into.path, row.folder.path)


def _claimants(rows: Sequence[System], now: datetime) -> dict[str, Any]:
    """Who posted as it; of many those that one address alone posts as, with that address."""
    if len(rows) == 1:
        return {"claimants": claimants.claimants_of(rows[0], now=now)}
    found = ((row.pk, claimants.claimants_of(row, now=now)) for row in rows)
    return {"sources": [(pk, who[0].address) for pk, who in found if len(who) == 1]}


def _make_code(
    row: System, *, user: Person, now: datetime, hours: int = activation.HOURS
) -> tuple[System, tuple[ActivationCode, str]]:
    return row, activation.make_code(row, user=user, now=now, hours=hours)


_SOURCE: Final = (
    Input(
        name="source",
        type=Annotated[str, AfterValidator(_usable)] | None,
        default=None,
        is_own=True,
        is_asked=False,
        meaning="Address that its secret is sent to. Without it, all its posts of the last 24 hours must have come "
        "from one address; otherwise the answer is 409 with the addresses.",
    ),
    Input(
        name="shown",
        type=list[str] | None,
        default=None,
        is_own=True,
        is_asked=False,
        meaning="The addresses that the person saw: another that posted meanwhile refuses it.",
    ),
)
_REFUSED: Final = (admission.AdmissionRefused,)
_FORM: Final = "systems/ask_admit.html"

APPROVE: Final = Act(
    name="approve",
    trail=Trail(word="approve system"),
    needs=Permission.ADMIT,
    places=_into,
    run=_approve,
    refused=_REFUSED,
    for_many=True,
    offered=lambda row: row.state in (State.PENDING, State.PRE_REGISTERED, State.IGNORED),
    summary="Admit a system from the inbox, a pre-registered one, or one whose secret was withheld.",
    title="Admit {row}?",
    what="It becomes a managed system: it gets its own secret and our settings with the answer to its next post.",
    undo="Undo it by ignoring or blocking the system.",
    button="Admit",
    done="{row} is admitted.",
    page=Page(form=_FORM, shows=_claimants),
    takes=(
        Input(
            name="name",
            type=str | None,
            default=None,
            most=50,
            is_own=True,
            prefill=lambda row: row.name or row.reported_name,
        ),
        Input(
            name="folder",
            type=Identifier | None,
            default=None,
            refers="folders",
            prefill=lambda row: row.folder_id,
            meaning="Default: its present folder.",
        ),
        Input(
            name="tags",
            type=list[str],
            default=(),
            most=50,
            is_line=True,
            is_asked=False,
            meaning="Tags that it gets beside its own.",
        ),
        *_SOURCE,
    ),
)
READMIT: Final = Act(
    name="readmit",
    trail=Trail(word="readmit system"),
    needs=Permission.ADMIT,
    run=admission.readmit,
    refused=_REFUSED,
    for_many=True,
    offered=lambda row: row.state not in (State.PENDING, State.PRE_REGISTERED),
    summary="Admit again: after a factory reset, an ignore or a block. Forgets what the system had proven.",
    title="Admit {row} again?",
    what="For a system after a factory reset: what it has proven so far is forgotten, and it gets a new secret at the "
    "address that you see here.",
    undo="It cannot be undone: the old secret stops working.",
    button="Admit again",
    done="{row} gets a new secret with its next post.",
    is_dangerous=True,
    page=Page(form=_FORM, shows=_claimants, tab="connection"),
    takes=_SOURCE,
)
IGNORE: Final = Act(
    name="ignore",
    trail=Trail(word="ignore system"),
    needs=Permission.ADMIT,
    run=admission.ignore,
    refused=_REFUSED,
    for_many=True,
    offered=lambda row: row.state != State.IGNORED,
    summary="Keep a system out of the inbox; it is answered like an unknown one.",
    title="Ignore {row}?",
    what="It leaves the inbox or the list; its posts get an empty answer.",
    undo="Admit it again from the list of ignored systems.",
    button="Ignore",
    done="{row} is ignored.",
)
BLOCK: Final = Act(
    name="block",
    trail=Trail(word="block system"),
    needs=Permission.ADMIT,
    run=admission.block,
    refused=_REFUSED,
    for_many=True,
    offered=lambda row: row.state != State.BLOCKED,
    summary="Refuse everything that a system posts.",
    title="Block {row}?",
    what="Everything that this system posts is refused from now on.",
    undo="Admit it again from the list of blocked systems.",
    button="Block",
    done="{row} is blocked.",
    is_dangerous=True,
)
ACTIVATION_CODE: Final = Act(
    name="activation code",
    trail=Trail(word="create activation code"),
    needs=Permission.ADMIT,
    run=_make_code,
    refused=(activation.CodeRefused,),
    offered=lambda row: row.state == State.PRE_REGISTERED,
    rest=Rest(answers="told"),
    summary="Create a one-time code that admits a pre-registered system from any address; older codes stop working.",
    title="Create an activation code for {row}?",
    what="A one-time code. In the device's manager path it admits this system with its first post, from any address. "
    "Older codes stop working.",
    undo="Ignore or block the system, or create another code.",
    button="Create the code",
    done="Activation code of {row}",
    takes=(
        Input(
            name="hours",
            type=int,
            default=activation.HOURS,
            least=1,
            most=activation.MOST_HOURS,
            label="Valid for, in hours",
            meaning="How long the code is valid.",
        ),
    ),
    tells=(
        Field(name="code", type=str, read=lambda made: made[1], heading="Code"),
        Field(
            name="path",
            type=str,
            read=lambda made: f"{EVENTS_PATH}/{made[1]}",
            heading="Manager path",
            meaning="Enter the path as the device's manager path.",
        ),
        Field(
            name="expires_at",
            type=datetime,
            read=lambda made: made[0].expires_at,
            heading="Valid until",
            meaning="The code is shown only once.",
        ),
    ),
)
ACCEPT_IDENTITY: Final = Act(
    name="accept identity",
    trail=Trail(word="accept identity"),
    needs=Permission.ADMIT,
    run=admission.accept_identity,
    refused=_REFUSED,
    summary="Accept that a system's hardware or network card was swapped.",
    title="Accept another identity for {row}?",
    what="For hardware or a network card that was swapped: the record keeps its id, name, folder and history.",
    undo="Undo it by accepting the old serial number and MAC address again.",
    button="Accept",
    done="The identity is accepted.",
    page=Page(tab="connection"),
    takes=(
        Input(
            name="serial_number",
            default="",
            most=64,
            option="serial",
            label="Serial number",
            hint="What the system's hardware says of itself now; an empty one is forgotten.",
            prefill=lambda row: row.serial_number,
        ),
        Input(
            name="mac_address",
            default="",
            most=64,
            option="mac",
            label="MAC address",
            prefill=lambda row: row.mac_address,
        ),
    ),
)
ACCEPT_KEY: Final = Act(
    name="accept key",
    trail=Trail(word="accept key"),
    needs=Permission.ADMIT,
    run=credentials.forget_pinned_key,
    summary="Accept that a system shows another TLS key; the next proven login pins the new one.",
    title="Accept another TLS key for {row}?",
    what="The pinned key is forgotten; the next proven login pins the one that the system shows then.",
    undo="It cannot be undone; the old key is not kept.",
    button="Accept",
    done="The next proven login pins its key.",
    is_dangerous=True,
    page=Page(tab="connection"),
)
ADMISSION_ACTS: Final = (APPROVE, READMIT, IGNORE, BLOCK, ACTIVATION_CODE, ACCEPT_IDENTITY, ACCEPT_KEY)
INBOX_ACTS: Final = (APPROVE, READMIT, IGNORE, BLOCK)
