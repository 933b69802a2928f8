"""Who is admitted, ignored, blocked: the acts on systems of the inbox, for every surface that asks for them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from roomkeeper.accounts.permissions import Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.subjects import Act, Input
from roomkeeper.systems import admission, inventory
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import Folder, State, System


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


_SOURCE: Final = (
    Input(name="source", default=None, most=64, meaning="The address to which its secret is handed."),
    Input(name="shown", type=list[str], default=None, meaning="The addresses that the person saw."),
)
_REFUSED: Final = (admission.AdmissionRefused,)

APPROVE: Final = Act(
    name="approve",
    needs=Permission.ADMIT,
    places=_into,
    run=_approve,
    refused=_REFUSED,
    summary="Admit a system from the inbox, a pre-registered one, or one whose secret was withheld.",
    takes=(
        Input(name="folder", type=Identifier | None, default=None, refers="folders"),
        Input(name="name", default=None, most=50),
        Input(name="tags", type=list[str], default=(), meaning="Tags that it gets beside its own."),
        *_SOURCE,
    ),
)
READMIT: Final = Act(
    name="readmit",
    needs=Permission.ADMIT,
    run=admission.readmit,
    refused=_REFUSED,
    summary="Admit again: after a factory reset, an ignore or a block. Forgets what the system had proven.",
    takes=_SOURCE,
)
IGNORE: Final = Act(
    name="ignore",
    needs=Permission.ADMIT,
    run=admission.ignore,
    refused=_REFUSED,
    summary="Keep a system out of the inbox; it is answered like an unknown one.",
)
BLOCK: Final = Act(
    name="block",
    needs=Permission.ADMIT,
    run=admission.block,
    refused=_REFUSED,
    summary="Refuse everything that a system posts.",
)
ACCEPT_IDENTITY: Final = Act(
    name="accept identity of",
    noted_as="accept identity",
    needs=Permission.ADMIT,
    run=admission.accept_identity,
    refused=_REFUSED,
    summary="Accept that a system's hardware or network card was swapped.",
    takes=(Input(name="serial_number", default="", most=64), Input(name="mac_address", default="", most=64)),
)
ACCEPT_KEY: Final = Act(
    name="accept key of",
    noted_as="accept key",
    needs=Permission.ADMIT,
    run=credentials.forget_pinned_key,
    summary="Accept that a system shows another TLS key; the next proven login pins the new one.",
)
ADMISSION_ACTS: Final = {act.name: act for act in (APPROVE, READMIT, IGNORE, BLOCK)}
