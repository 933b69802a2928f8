"""From a system's record to a device that can be talked to: where it is, how it is trusted, with which login.

Only workers talk to devices; their event loop has one transport, with the limits and the memory of logins. What a
conversation teaches about login and key is kept here (rule R6).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from django.db import transaction

from roomkeeper.devices import errors, registry
from roomkeeper.devices.client import DeviceTransport, Target
from roomkeeper.devices.contactable import Contactable
from roomkeeper.devices.driver import Driver
from roomkeeper.devices.facts import Facts
from roomkeeper.devices.limits import LOCK_OUT_SECONDS
from roomkeeper.devices.login import Login
from roomkeeper.devices.reach import Reach
from roomkeeper.devices.tls import TlsPolicy, Trust
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.protocols.identification import same_serial
from roomkeeper.systems import findings, live, network_settings, timeline
from roomkeeper.systems.addresses import is_within, parse_networks
from roomkeeper.systems.contact import connectivity_changes, credentials
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import REACHABLE, Contact, NetworkSettings, System
from roomkeeper.words import gettext as _

LOGIN_FINDING = "login refused"
CERTIFICATE_FINDING = "certificate changed"
RIGHTS_FINDING = "no administrator rights"
_FINDINGS = (
    (errors.LoginRefused, LOGIN_FINDING),
    (errors.CertificateChanged, CERTIFICATE_FINDING),
    (errors.NotAdministrator, RIGHTS_FINDING),
)

_transport: DeviceTransport | None = None


class NoAddress(ValueError):
    """No address is known at which the system could be reached. Give it one under System > Connection."""


@asynccontextmanager
async def open_transport() -> AsyncIterator[DeviceTransport]:
    """The transport of this process, for the life of the event loop that it is opened in."""
    global _transport
    async with DeviceTransport() as opened:
        # One a process, so that limits and refused logins hold for all of its work.
        _transport = opened
        try:
            yield opened
        finally:
            _transport = None


def transport() -> DeviceTransport:
    """The transport of this process; raises `RuntimeError` outside workers."""
    if _transport is None:
        raise RuntimeError("This process does not talk to devices.")
    return _transport


def find_address(system: System, contact: Contact | None) -> str:
    """Where the system is reached: its host, else where its last post came from; "" where neither is known."""
    if system.host:
        return system.host
    if contact is not None and system.connectivity in REACHABLE:
        return contact.source_address
    return ""


def target_of(
    system: System,
    *,
    settings: NetworkSettings | None = None,
    is_first_contact: bool = False,
    address: str = "",
) -> Target:
    """The device behind a system, at another `address` if one is given; raises `NoAddress`.

    Reads the database where it is not handed the address and the settings: call it in a thread.
    """
    settings = settings or network_settings.get()
    address = address or find_address(system, Contact.objects.filter(system=system).first())
    if not address:
        raise NoAddress(_("No address is known for {system}.", system=system))
    networks = parse_networks(settings.password_over_http_networks)
    trust = Trust(system.tls_trust)
    return Target(
        name=system.name,
        address=address,
        reach=Reach(
            system.connectivity,
            system.is_secure_only,
            is_first_contact=is_first_contact,
            contactable=Contactable(parse_networks(settings.contactable_networks)),
        ),
        login=_login_of(system),
        tls=TlsPolicy(
            trust,
            pinned_key=system.pinned_key if trust is Trust.PIN else "",
            authorities=settings.device_authorities if trust is Trust.AUTHORITY else "",
            is_legacy=system.tls_is_legacy,
        ),
        https_port=system.https_port or settings.device_https_port,
        http_port=system.http_port or settings.device_http_port,
        password_may_use_http=system.password_may_use_http or is_within(address, networks),
        serial_number=system.serial_number,
    )


def driver_for(target: Target, family: str) -> Driver:
    """A driver of the family for the device, on this process's transport."""
    return registry.create_driver(registry.get_family(family), transport().client(target))


@asynccontextmanager
async def talking_to(system_id: int, *, is_first_contact: bool = False) -> AsyncIterator[Driver]:
    """A driver for the system. What the conversation teaches is kept: a login that was refused, another TLS key than
    the pinned one, an account without rights. Raises `DeviceError`, `NoAddress`, `System.DoesNotExist`."""
    target, family = await off_loop(_prepare, system_id, is_first_contact)
    async with conversation(system_id, target, family) as driver:
        yield driver


@asynccontextmanager
async def conversation(system_id: int, target: Target, family: str) -> AsyncIterator[Driver]:
    """The same with a target that was worked out before, as for many systems at once."""
    driver = driver_for(target, family)
    try:
        yield driver
    except (errors.LoginRefused, errors.CertificateChanged, errors.NotAdministrator) as error:
        await off_loop(keep_refusal, system_id, error, target.login)
        raise


async def identify(driver: Driver, system_id: int) -> Facts:
    """Who the device is, after a login; it has to be the one that is meant, and then its login works and its key is
    its own. Raises `DeviceError`, `WrongDevice` among them, before anything is written."""
    facts = await driver.identify()
    expected = driver.client.target.serial_number
    if expected and not same_serial(facts.serial_number, expected):
        found = errors.WrongDevice(expected=expected, found=facts.serial_number)
        raise found.about(driver.client.target.whom, _("identifying it"))
    await off_loop(keep_proof, system_id, facts.tls_key)
    return facts


def _prepare(system_id: int, is_first_contact: bool) -> tuple[Target, str]:
    system = System.objects.get(pk=system_id)
    return target_of(system, is_first_contact=is_first_contact), system.family


def _login_of(system: System) -> Login | None:
    if not credentials.has_credentials(system):
        return None
    refused_at, has_worked = system.login_refused_at, system.login_worked_at is not None
    # One that worked before is probably locked for a time, and tried once more after it.
    is_over = (
        has_worked and refused_at and datetime.now(UTC) - refused_at > timedelta(seconds=LOCK_OUT_SECONDS)
    )
    was_refused = refused_at is not None and not is_over
    return Login(system.username, credentials.password_of(system), has_worked, was_refused, is_tracked=True)


def keep_refusal(system_id: int, error: errors.DeviceError, login: Login | None = None) -> None:
    """The device refused the login, shows another key than the pinned one (neither is tried again as it is), or lets
    the account do nothing: a person has to see to it. `login` is what was sent, where another one may have been stored
    meanwhile."""
    with transaction.atomic():
        lock_contacts([system_id])
        system = System.objects.select_for_update(of=("self",)).select_related("folder").get(pk=system_id)
        is_login = isinstance(error, errors.LoginRefused) and not isinstance(error, errors.SnmpLoginRefused)
        if is_login and login is not None and login.password != credentials.password_of(system):
            return
        if is_login and credentials.has_credentials(system):
            if system.login_refused_at is None:
                timeline.add(system, "login", str(error), now=datetime.now(UTC))
            # Told from memory nothing was tried, and the time until it may be tried again goes on.
            if system.login_refused_at is None or getattr(error, "was_tried", True):
                system.login_refused_at = datetime.now(UTC)
                system.save(update_fields=["login_refused_at"])
        kind = next(kind for error_type, kind in _FINDINGS if isinstance(error, error_type))
        findings.report(findings.Finding(kind, system.pk, error.what_happened, error.advice))
        live.publish("system", system)


def keep_proof(system_id: int, tls_key: str) -> None:
    """The login worked and the device is the one that is meant; `tls_key` is the one it showed, "" over HTTP."""
    now = datetime.now(UTC)
    with transaction.atomic():
        lock_contacts([system_id])
        system = System.objects.select_for_update(of=("self",)).select_related("folder").get(pk=system_id)
        is_news = system.login_worked_at is None or system.login_refused_at is not None
        is_first_key = bool(tls_key) and not system.pinned_key
        if system.is_unproven and system.serial_number:
            connectivity_changes.prove(system, now=now)
        if tls_key:
            findings.clear(CERTIFICATE_FINDING, system.pk, _("The device answered with the pinned key."))
        if not is_news and not is_first_key:
            return
        system.login_worked_at, system.login_refused_at = now, None
        if is_first_key:
            system.pinned_key = tls_key
            timeline.add(system, "identity", _("Its TLS key is pinned: it was read with its login"), now=now)
        system.save(update_fields=["login_worked_at", "login_refused_at", "pinned_key"])
        findings.clear(LOGIN_FINDING, system.pk, _("The login works."))
        live.publish("system", system)
