"""Adding systems by address, as the surfaces see it: look beforehand at what would be done, then start the job.

What the job does with one address stands in `one`; how text becomes addresses in `targets` and `csv_targets`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from roomkeeper.accounts.permissions import Permission, demand, grants_of
from roomkeeper.accounts.person import Person
from roomkeeper.adding.plan import KIND
from roomkeeper.adding.targets import AddingTarget, Targets
from roomkeeper.devices.login import Login
from roomkeeper.devices.snmp import SNMP_PORT
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job
from roomkeeper.provisioning.manager_protocol import WhenHttpIsOff
from roomkeeper.systems import inventory, network_settings
from roomkeeper.systems.contact import credential_list
from roomkeeper.systems.models import (
    REACHABLE,
    Connectivity,
    Contact,
    Credential,
    Folder,
    State,
    System,
    TlsTrust,
)
from roomkeeper.words import gettext as _

__all__ = ["KIND", "AddRequest", "AddingRefused", "Preview", "preview", "start"]
_SNMP_KINDS: Final = (Credential.Kind.COMMUNITY, Credential.Kind.SNMP_USER)
# Enough to see what is wrong with a file; the rest is counted.
_LEFT_OUT_SHOWN: Final = 50
_AT_ONCE: Final = 400


class AddingRefused(ValueError):
    """Systems cannot be added like that; `field` names the part of the request that is meant, "" for the whole."""

    def __init__(self, sentence: str, *, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRequest:
    """What a person asks for.

    `targets`: from `targets.parse_targets` (typed text) or `csv_targets.parse_csv` (a file). What a target says
    itself (login, name, folder, ports from its CSV row) goes before what stands here; tags are joined.
    `name`: for a single target only. `connectivity`: reachable_on_lan or reachable_on_public_internet.
    `logins`: typed ones, kept encrypted in the job and never on pages. `credential_ids`: saved logins, by id, in the
    order in which they are tried; for administrators of all systems only.
    `snmp_ids`: saved SNMP logins, by id; None means all of them. `uses_snmp`: None means for ranges only.
    `is_secure_only`: None means as Network settings say.
    `when_http_is_off`: what is done for a device whose own settings leave plain HTTP out, before anything is written.
    `confirmed_count`: the number of addresses, repeated by a person; needed where logins are tried on a range.
    """

    targets: Targets
    folder: Folder
    tags: tuple[str, ...] = ()
    name: str = ""
    connectivity: str = Connectivity.REACHABLE_ON_LAN
    is_secure_only: bool | None = None
    http_port: int | None = None
    https_port: int | None = None
    logins: tuple[Login, ...] = ()
    credential_ids: tuple[int, ...] = ()
    snmp_ids: tuple[int, ...] | None = None
    uses_snmp: bool | None = None
    snmp_port: int = SNMP_PORT
    password_may_use_http: bool = False
    trust: str = TlsTrust.PIN
    is_legacy_tls: bool = False
    when_http_is_off: WhenHttpIsOff = WhenHttpIsOff.USE_HTTPS
    confirmed_count: int | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What `start` would do. Nothing was sent and nothing written.

    `count`: addresses that would be looked at. `first`, `last`: as they would be written in the job.
    `known`: (target, system) for those that are addresses of systems here; only systems the user may see.
    `logins`: user names of the logins that would be tried, in their order. `snmp_logins`: names, likewise.
    `needs_confirmation`: whether `confirmed_count` has to be given.
    `problems`: what was not understood, one sentence each, with its line; the rest is added.
    `warnings`: sentences for people.
    """

    count: int
    first: str
    last: str
    known: tuple[tuple[AddingTarget, System], ...]
    logins: tuple[str, ...]
    snmp_logins: tuple[str, ...]
    needs_confirmation: bool
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Checked:
    """A request whose every part can be used."""

    rows: tuple[tuple[AddingTarget, Folder], ...]
    problems: tuple[str, ...]
    saved: tuple[Credential, ...]
    snmp: tuple[Credential, ...]
    is_secure_only: bool
    needs_confirmation: bool


def preview(request: AddRequest, *, user: Person) -> Preview:
    """What would be done; sends nothing. Raises `AddingRefused` for what `start` would refuse, but for a missing
    confirmation, and `PermissionDenied` for a folder that the user may not admit to."""
    checked = _check(request, user)
    targets = [target for target, _ in checked.rows]
    return Preview(
        count=len(targets),
        first=str(targets[0]),
        last=str(targets[-1]),
        known=_known(request, targets, user),
        logins=tuple(login.username for login in request.logins)
        + tuple(f"{row.username} ({row.name})" for row in checked.saved),
        snmp_logins=tuple(row.name for row in checked.snmp),
        needs_confirmation=checked.needs_confirmation,
        problems=checked.problems,
        warnings=tuple(_warnings(request, checked)),
    )


def start(request: AddRequest, *, user: Person, now: datetime) -> Job:
    """Start the job that adds them, one item a target. Raises `AddingRefused`, `PermissionDenied`. The caller records
    it in the audit trail.

    Its items end as *done* (added, or already here), *warning* (added, with something to do: `advice`), *skipped*
    (a range: nothing answers), *failed*; `system_id` is the system, `details` holds `result` (added, registered,
    already_here, nothing, refused), `family`, `product`, `name`, `warnings` [{sentence, advice}], `notes`.
    """
    checked = _check(request, user)
    count = len(checked.rows)
    if checked.needs_confirmation and request.confirmed_count != count:
        raise AddingRefused(
            _("Logins would be tried on {count:,} addresses. Confirm with that number.", count=count),
            field="confirmed_count",
        )
    rows = [
        _item(target, folder, number, request.name) for number, (target, folder) in enumerate(checked.rows)
    ]
    own = {
        number: (target.username, target.password)
        for number, (target, _) in enumerate(checked.rows)
        if target.username
    }
    secrets: dict[str, Any] = {"logins": [(login.username, login.password) for login in request.logins]}
    folders = {folder.pk: folder for _, folder in checked.rows} | {request.folder.pk: request.folder}
    return work.create(
        KIND,
        _title(checked.rows),
        rows,
        user=user,
        now=now,
        parameters={
            "folder": request.folder.pk,
            "folder_ids": sorted(folders),
            "tags": list(request.tags),
            "connectivity": str(request.connectivity),
            "is_secure_only": request.is_secure_only,
            "http_port": request.http_port,
            "https_port": request.https_port,
            "credential_ids": [row.pk for row in checked.saved],
            "snmp_ids": None if request.snmp_ids is None else [row.pk for row in checked.snmp],
            "uses_snmp": bool(checked.snmp),
            "snmp_port": request.snmp_port,
            "password_may_use_http": request.password_may_use_http,
            "trust": str(request.trust),
            "is_legacy_tls": request.is_legacy_tls,
            "when_http_is_off": str(request.when_http_is_off),
            "is_range": request.targets.is_range,
            "left_out": list(checked.problems[:_LEFT_OUT_SHOWN]),
            "left_out_count": len(checked.problems),
        },
        secrets=secrets | {"rows": own} if own or request.logins else {},
        # Who may see the deepest folder that holds all of them may see the job.
        folder_path=inventory.shared_path(folder.path for folder in folders.values()),
    )


def _check(request: AddRequest, user: Person) -> _Checked:
    demand(user, Permission.ADMIT, request.folder.path)
    problems = [str(problem) for problem in request.targets.problems]
    rows, refused = _place(request, user)
    problems += refused
    if not rows:
        raise AddingRefused(
            " ".join([_("Enter at least one address to add."), *problems[:3]]), field="addresses"
        )
    if request.name and len(rows) > 1:
        raise AddingRefused(_("A name can be given to one system only."), field="name")
    if len(request.name) > inventory.NAME_LIMIT:
        raise AddingRefused(
            _("A name has at most {NAME_LIMIT} characters.", NAME_LIMIT=inventory.NAME_LIMIT), field="name"
        )
    if request.connectivity not in REACHABLE:
        raise AddingRefused(
            _("A system that is added by its address is reachable on LAN or on the public internet."),
            field="connectivity",
        )
    if request.trust not in TlsTrust.values:
        raise AddingRefused(
            _("Trust must be one of {values}.", values=", ".join(TlsTrust.values)), field="trust"
        )
    settings = network_settings.get()
    if request.trust == TlsTrust.AUTHORITY and not settings.device_authorities:
        raise AddingRefused(
            _("Network settings contain no authority that could have signed a device's certificate."),
            field="trust",
        )
    for login in request.logins:
        if not login.username or ":" in login.username:
            raise AddingRefused(
                _("A login needs a user name, and devices do not accept one with a colon."), field="username"
            )
    is_secure_only = settings.secure_only if request.is_secure_only is None else request.is_secure_only
    uses_snmp = request.targets.is_range if request.uses_snmp is None else request.uses_snmp
    has_logins = bool(request.logins or request.credential_ids)
    return _Checked(
        rows,
        tuple(problems),
        _saved_logins(request, user),
        _snmp_logins(request, user) if uses_snmp and not is_secure_only else (),
        is_secure_only,
        needs_confirmation=request.targets.is_range and has_logins,
    )


def _place(request: AddRequest, user: Person) -> tuple[tuple[tuple[AddingTarget, Folder], ...], list[str]]:
    """Each target with its folder; sentences for those whose folder cannot be used."""
    found: dict[str, Folder | None] = {}
    rows, refused = [], []
    for target in request.targets.targets:
        folder: Folder | None = request.folder
        if target.folder:
            if target.folder not in found:
                found[target.folder] = _find_folder(target.folder, user)
            folder = found[target.folder]
        if folder is None:
            refused.append(
                _(
                    "Line {line}: you cannot admit systems to a folder {folder!r}.",
                    line=target.line,
                    folder=target.folder,
                )
            )
        else:
            rows.append((target, folder))
    return tuple(rows), refused


def _find_folder(text: str, user: Person) -> Folder | None:
    """The folder with this id, name or path (`Oslo / HQ`), if the user may admit to it and no other has that name."""
    rows = Folder.objects.filter(grants_of(user).folders(Permission.ADMIT, "path"))
    if text.isascii() and text.isdigit() and len(text) < 18:
        return rows.filter(pk=int(text)).first()
    names = [part.strip() for part in text.split("/") if part.strip()]
    if not names:
        return None
    fitting = [folder for folder in rows.filter(name__iexact=names[-1]) if _ends_with(folder, names)]
    return fitting[0] if len(fitting) == 1 else None


def _ends_with(folder: Folder, names: list[str]) -> bool:
    """Whether the folder's path in words is, or ends with, these names."""
    found: Folder | None = folder
    for name in reversed(names):
        if found is None or found.name.casefold() != name.casefold():
            return False
        found = found.parent
    return True


def _saved_logins(request: AddRequest, user: Person) -> tuple[Credential, ...]:
    if not request.credential_ids:
        return ()
    if not grants_of(user).may(Permission.VIEW_SERVER):
        raise AddingRefused(
            _(
                "Only administrators of all systems can use saved logins: anyone else could choose "
                "the address of their own machine and have a login sent to it."
            ),
            field="credentials",
        )
    rows = Credential.objects.filter(kind=Credential.Kind.LOGIN).in_bulk(list(request.credential_ids))
    missing = [pk for pk in request.credential_ids if pk not in rows]
    if missing:
        raise AddingRefused(_("There is no saved login {missing}.", missing=missing[0]), field="credentials")
    return tuple(rows[pk] for pk in dict.fromkeys(request.credential_ids))


def _snmp_logins(request: AddRequest, user: Person) -> tuple[Credential, ...]:
    """Communities go in the clear to whatever stands at an address, so who chooses the address has to be trusted."""
    if not grants_of(user).may(Permission.VIEW_SERVER):
        if not request.snmp_ids:
            return ()
        raise AddingRefused(
            _(
                "Only administrators of all systems can use saved SNMP logins: anyone else could "
                "choose the address of their own machine and have one sent to it."
            ),
            field="snmp_credentials",
        )
    rows = credential_list.entries(*_SNMP_KINDS)
    if request.snmp_ids is None:
        return tuple(rows)
    missing = set(request.snmp_ids) - {row.pk for row in rows}
    if missing:
        raise AddingRefused(
            _("There is no saved SNMP login {count}.", count=min(missing)), field="snmp_credentials"
        )
    return tuple(row for row in rows if row.pk in request.snmp_ids)


def _known(
    request: AddRequest, targets: list[AddingTarget], user: Person
) -> tuple[tuple[AddingTarget, System], ...]:
    visible = System.objects.filter(grants_of(user).folders(Permission.VIEW)).exclude(state=State.PENDING)
    by_host: dict[str, System] = {}
    hosts = [target.host for target in targets if target.host]
    for start_at in range(0, len(hosts), _AT_ONCE):
        part = hosts[start_at : start_at + _AT_ONCE]
        posting = Contact.objects.filter(
            source_address__in=part, system__host="", system__connectivity__in=REACHABLE
        )
        for system in visible.filter(pk__in=posting.values("system")).select_related("contact"):
            by_host[system.contact.source_address] = system
        by_host |= {system.host: system for system in visible.filter(host__in=part)}
    return tuple((target, by_host[target.host]) for target in targets if target.host in by_host)


def _warnings(request: AddRequest, checked: _Checked) -> Iterable[str]:
    has_logins = bool(request.logins or checked.saved)
    own = sum(bool(target.username) for target, _ in checked.rows)
    hosts = sum(bool(target.host) for target, _ in checked.rows)
    if not has_logins and own < hosts:
        yield _(
            "Without a login, video systems are found but not added; devices known by SNMP alone are listed."
        )
    if has_logins and (request.targets.is_range or checked.saved):
        yield (
            _(
                "Logins from the list are sent over TLS only, only to hosts that look like a video "
                "system, and at most two an hour to each."
            )
        )
    if checked.snmp and any(row.kind == Credential.Kind.COMMUNITY for row in checked.snmp):
        yield _("SNMP communities are sent to {hosts:,} addresses in clear text.", hosts=hosts)
    if request.password_may_use_http and not checked.is_secure_only:
        yield _("Where a system has no HTTPS, its password is sent in clear text.")
    if request.trust == TlsTrust.OFF:
        yield _("Certificates are not checked at all: someone in between could read the passwords.")
    if request.is_legacy_tls:
        yield _("Legacy TLS (1.0, weak ciphers) is allowed, which an attacker on the network can break.")


def _item(target: AddingTarget, folder: Folder, number: int, name: str) -> work.NewItem:
    said = {
        "number": number,
        "host": target.host,
        "http_port": target.http_port,
        "https_port": target.https_port,
        "name": target.name or name.strip(),
        "folder": folder.pk,
        "tags": list(target.tags),
        "mac_address": target.mac_address,
        "serial_number": target.serial_number,
    }
    return work.NewItem(
        str(target), {name: value for name, value in said.items() if value not in (None, "", [])}
    )


def _title(rows: tuple[tuple[AddingTarget, Folder], ...]) -> str:
    first, last = rows[0][0], rows[-1][0]
    return (
        _("Add {first}", first=first)
        if len(rows) == 1
        else _(
            "Add systems at {count:,} addresses, {first} to {last}", count=len(rows), first=first, last=last
        )
    )
