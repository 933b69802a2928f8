"""One login for many systems that are here already: tried on each, and stored with what came of it.

It is sent to each once at most, so that no account is locked by it, and tried before it is stored: whoever else
talks to the system meanwhile goes on with the login that was stored before (rule R6).
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from django.db import transaction

from roomkeeper.accounts.person import Person
from roomkeeper.devices import errors
from roomkeeper.devices.client import Target
from roomkeeper.devices.login import Login
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.jobs.running import Item, ItemOutcome, RunningJob
from roomkeeper.jobs.work import NewItem
from roomkeeper.protocols.identification import same_serial
from roomkeeper.provisioning import passwords
from roomkeeper.systems.contact import credentials, device_access
from roomkeeper.systems.inventory import records, shared_path
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import REACHABLE, State, System
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext, noop

KIND: Final = "log in"
AT_ONCE: Final = 40
WORKS, REFUSED, UNTRIED, KEPT = "works", "refused", "untried", "kept"
_KEPT_ADVICE: Final = noop(
    "The stored login has worked and is kept. Enter another one, or check the account."
)


class LoginNotUsable(ValueError):
    """The login cannot be tried on any system."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    target: Target
    family: str


def start(
    systems: Collection[System],
    username: str,
    password: str,
    *,
    password_may_use_http: bool = False,
    user: Person,
    now: datetime,
) -> Job:
    """A job that tries the login on each of these systems and stores it. `password_may_use_http` lets it go by plain
    HTTP to those that have nothing better. Raises `LoginNotUsable`."""
    if not username.strip() or not password:
        raise LoginNotUsable(_("A login has a user name and a password."))
    if not systems:
        raise LoginNotUsable(_("No system was chosen."))
    return work.create(
        KIND,
        ngettext(
            "Log in to {count} system as {username}",
            "Log in to {count} systems as {username}",
            len(systems),
            username=username.strip(),
        ),
        [NewItem(str(system), system_id=system.pk) for system in systems],
        user=user,
        now=now,
        parameters={"may_use_http": password_may_use_http},
        secrets={"username": username.strip(), "password": password},
        folder_path=shared_path(system.folder.path for system in systems),
    )


async def run(job: RunningJob) -> str:
    """Work on such a job."""
    login = Login(job.secrets["username"], job.secrets["password"], is_tracked=True)
    may_use_http = bool(job.parameters.get("may_use_http"))

    async def one(item: Item) -> ItemOutcome:
        return await _try(item, login, may_use_http=may_use_http)

    await job.each(one, at_once=AT_ONCE)
    counts = (await off_loop(work.counts, [job.job_id]))[job.job_id]
    worked, others = counts[JobItem.State.DONE], sum(counts.values()) - counts[JobItem.State.DONE]
    return _("The login works on {worked}", worked=worked) + (
        _(", not on {others}.", others=others) if others else "."
    )


async def _try(item: Item, login: Login, *, may_use_http: bool) -> ItemOutcome:
    system_id = item.system_id or 0
    prepared = await off_loop(_prepare, system_id, login, may_use_http)
    if isinstance(prepared, ItemOutcome):
        return prepared
    driver = device_access.driver_for(prepared.target, prepared.family)
    try:
        facts = await driver.identify()
        expected = prepared.target.serial_number
        if expected and not same_serial(facts.serial_number, expected):
            found = errors.WrongDevice(expected=expected, found=facts.serial_number)
            raise found.about(prepared.target.whom, _("identifying it"))
    except errors.LoginRefused as error:
        return await off_loop(_keep_refused, system_id, login, error)
    except errors.DeviceError as error:
        return await off_loop(_keep_untried, system_id, login, error.what_happened, error.advice)
    await off_loop(_keep_working, system_id, login, facts.tls_key)
    return ItemOutcome(JobItem.State.DONE, _("The login works and is stored."), details={"login": WORKS})


def _prepare(system_id: int, login: Login, may_use_http: bool) -> _Prepared | ItemOutcome:
    system = System.objects.filter(pk=system_id).first()
    if system is None:
        return ItemOutcome(JobItem.State.SKIPPED, _("It was deleted."))
    if system.state != State.MANAGED:
        return ItemOutcome(
            JobItem.State.SKIPPED, _("It is not managed, so nothing was stored."), _("Admit it first.")
        )
    if may_use_http:
        records.allow_password_over_http(system, True)
    is_stored = system.username == login.username and credentials.password_of(system) == login.password
    if is_stored and system.login_refused_at is not None:
        return ItemOutcome(
            JobItem.State.FAILED,
            _("The device has already refused this login, so it was not sent again."),
            _(
                "Enter another one. If the account was unlocked there, try this one again on the "
                "system's page."
            ),
            details={"login": REFUSED},
        )
    if system.connectivity not in REACHABLE:
        return _keep_untried(
            system_id,
            login,
            _("It cannot be reached from here."),
            _("It is tried when the system can be reached."),
        )
    try:
        target = device_access.target_of(system)
    except device_access.NoAddress as error:
        return _keep_untried(system_id, login, str(error), _("Give it an address under System > Connection."))
    return _Prepared(replace(target, login=login), system.family)


def _keep_working(system_id: int, login: Login, tls_key: str) -> None:
    with transaction.atomic():
        _store(system_id, login)
        device_access.keep_proof(system_id, tls_key)


def _keep_refused(system_id: int, login: Login, error: errors.LoginRefused) -> ItemOutcome:
    """Stored, and known to be refused, so that nobody sends it again; but a login that has worked is not lost."""
    details = {"login": KEPT}
    with transaction.atomic():
        lock_contacts([system_id])
        system = System.objects.get(pk=system_id)
        if system.login_worked_at is None or system.login_refused_at is not None:
            _store(system_id, login)
            device_access.keep_refusal(system_id, error, login)
            details = {"login": REFUSED}
    advice = _(_KEPT_ADVICE) if details["login"] == KEPT else error.advice
    return ItemOutcome(JobItem.State.FAILED, error.what_happened, advice, details=details)


def _keep_untried(system_id: int, login: Login, why: str, advice: str) -> ItemOutcome:
    """Nobody said anything about the login: it is stored, unless one that has worked would be lost."""
    with transaction.atomic():
        lock_contacts([system_id])
        system = System.objects.get(pk=system_id)
        is_kept = system.login_worked_at is not None and system.login_refused_at is None
        if not is_kept:
            _store(system_id, login)
    words = (
        _("the stored login has worked and is kept")
        if is_kept
        else _("the login is stored but not tried yet")
    )
    return ItemOutcome(
        JobItem.State.WARNING,
        f"{why.rstrip('.')}: {words}.",
        advice,
        details={"login": KEPT if is_kept else UNTRIED},
    )


def _store(system_id: int, login: Login) -> None:
    lock_contacts([system_id])
    system = System.objects.select_related("folder").get(pk=system_id)
    credentials.set_credentials(system, login.username, login.password)
    passwords.end_overtaken(system, now=datetime.now(UTC))
