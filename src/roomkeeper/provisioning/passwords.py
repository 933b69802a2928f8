"""Passwords of devices: one is set by an action, the old one is kept until a login proves the new one.

The new password and the one before it stand encrypted with the action until it has ended. What became of a password
that was handed over is told by a login alone: the new one is tried once, then the old one once, so that no account is
locked by it. A system Behind Firewall can be handed a password, but nobody can log in there: its action stays DELIVERED
until the system can be reached.
"""

import json
import secrets as randomness
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.conf import settings as django_settings
from django.db import transaction
from django.db.models import QuerySet

from roomkeeper import keys
from roomkeeper.accounts.person import Person
from roomkeeper.devices import errors, registry
from roomkeeper.devices.driver import Driver
from roomkeeper.devices.login import Login
from roomkeeper.devices.quirks import quirks_of
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.provisioning import actions, states
from roomkeeper.provisioning.models import OPEN_STATES, Action, DeliveryState
from roomkeeper.systems import findings, live, timeline
from roomkeeper.systems.contact import credentials, device_access
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import REACHABLE, Connectivity, Contact, State, System
from roomkeeper.words import gettext as _

LONGEST: Final = 127
_LENGTH: Final = 24
# Of each at least so many, for devices whose rules want some of every kind; no character that XML or shells escape.
_KINDS: Final = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.+=")
_OF_EACH: Final = 4
_UNVERIFIED: Final = "it is sent with an answer; no login is possible Behind Firewall, so none can prove it"
OTHERS_STORED: Final = "other credentials have since been stored for the system"
_STORED_BY_HAND: Final = "the new password was stored by hand; no login has proven it"


class PasswordRefused(actions.ActionRefused):
    """The password cannot be set like that."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What would become of one system; `verdict` is verified, unverified or cannot, with the words why."""

    system: System
    verdict: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """The account and its two passwords."""

    username: str
    new: str
    old: str


def generate() -> str:
    """A password that no two systems share: 24 characters, some of every kind."""
    letters = [randomness.choice(kind) for kind in _KINDS for _ in range(_OF_EACH)]
    letters += [randomness.choice("".join(_KINDS[:3])) for _ in range(_LENGTH - len(letters))]
    randomness.SystemRandom().shuffle(letters)
    return "".join(letters)


def check(password: str) -> None:
    """Raise `PasswordRefused` for what no device takes as a password."""
    if not password:
        raise PasswordRefused(_("An empty password would let everyone in."))
    if len(password) > LONGEST or not password.isprintable():
        raise PasswordRefused(
            _("A password has at most {most} characters and no control characters.", most=LONGEST)
        )


def plan(systems: Iterable[System]) -> list[Planned]:
    """For which systems a password can be set, and whether a login can prove it. Some queries for all."""
    chosen = list(systems)
    ids = [system.pk for system in chosen]
    on_the_way = set(_open(ids).values_list("system_id", flat=True))
    schemes = dict(Contact.objects.filter(system__in=ids).values_list("system_id", "scheme"))
    return [_planned(system, system.pk in on_the_way, schemes.get(system.pk, "")) for system in chosen]


def _planned(system: System, is_on_the_way: bool, scheme: str) -> Planned:
    reason = _why_not(system, is_on_the_way)
    is_behind_firewall = system.connectivity == Connectivity.BEHIND_FIREWALL
    if not reason and is_behind_firewall and scheme != "https" and not system.password_may_use_http:
        reason = _("it posts by plain HTTP, over which no password is sent: have it use HTTPS first")
    if reason:
        return Planned(system, "cannot", reason)
    return Planned(system, "unverified", _UNVERIFIED) if is_behind_firewall else Planned(system, "verified")


def _why_not(system: System, is_on_the_way: bool) -> str:
    if system.state != State.MANAGED:
        return _("it is not managed")
    family = registry.get_family(system.family)
    if not family.can("set_password"):
        return _("passwords of {title} cannot be set", title=family.title)
    if not credentials.has_credentials(system):
        return _("no credentials are stored for it, so Roomkeeper does not know the password to change")
    account = quirks_of(system.software_version, system.family).password_account
    if account and system.username != account:
        return _(
            "its release can only set the password of {account}, and {username} is stored for it",
            account=account,
            username=system.username,
        )
    if is_on_the_way:
        return _("a new password is already on its way, or not proven yet")
    if system.login_refused_at is not None:
        return _("it refuses the stored login: store the right one first")
    if system.connectivity not in (*REACHABLE, Connectivity.BEHIND_FIREWALL):
        return _("it cannot be reached")
    return ""


def set_password(system: System, password: str | None, *, user: Person, now: datetime) -> Action:
    """Ask for a new password of the account that the system is logged in to with; None generates one.

    Raises `PasswordRefused`."""
    (planned,) = plan([system])
    if planned.verdict == "cannot":
        raise PasswordRefused(
            _("No password can be set for {system}: {words}.", system=system, words=planned.words)
        )
    new = generate() if password is None else password
    check(new)
    old = credentials.password_of(system)
    if new == old:
        raise PasswordRefused(_("{system} already has this password.", system=system))
    quirks = quirks_of(system.software_version, system.family)
    named = [["Username", system.username]] if not quirks.password_account else []
    sealed = keys.load(django_settings.OPTIONS.data).encrypt(json.dumps([system.username, new, old]))
    return actions.record(system, quirks.password_command, named, user=user, now=now, secret=sealed)


def pair_of(action: Action) -> Pair | None:
    """The passwords of the action; None where it holds none, or other credentials were stored meanwhile."""
    if not action.has_secret:
        return None
    store = keys.load(django_settings.OPTIONS.data)
    pair = Pair(*json.loads(store.decrypt(bytes(action.secret))))
    system = System.objects.get(pk=action.system_id)
    # The new one where the server died between keeping it and ending the action.
    is_ours = credentials.password_of(system) in (pair.old, pair.new)
    return pair if system.username == pair.username and is_ours else None


async def hand_over(driver: Driver, action: Action) -> str:
    """Set the password; why it was refused, "" where the device took it. Raises `DeviceError`."""
    pair = await off_loop(pair_of, action)
    if pair is None:
        return OTHERS_STORED
    try:
        await driver.set_password(pair.username, pair.new)
    except (errors.Rejected, errors.Unsupported, errors.NotAdministrator) as error:
        return _("{error} The old password is still set.", error=error)
    return ""


async def prove(driver: Driver, action: Action, pair: Pair) -> tuple[DeliveryState, str]:
    """Which of the two passwords the device takes; the one that works is kept. Raises `DeviceError`."""
    system_id = action.system_id
    driver.client.use_login(Login(pair.username, pair.new, has_worked=True))
    try:
        await device_access.identify(driver, system_id)
    except errors.LoginRefused as refusal:
        driver.client.use_login(Login(pair.username, pair.old, has_worked=True))
        try:
            await device_access.identify(driver, system_id)
        except errors.LoginRefused:
            await off_loop(device_access.keep_refusal, system_id, refusal)
            return DeliveryState.FAILED, _("the device accepts neither the new password nor the old one")
        return DeliveryState.FAILED, _("the device kept its old password, which still works")
    await off_loop(_keep, system_id, pair)
    return DeliveryState.CONFIRMED, _("a login with the new password worked")


def unproven() -> QuerySet[Action]:
    """The actions by which a password was handed over, perhaps, and of which nobody knows whether it holds."""
    return Action.objects.filter(has_secret=True, state=DeliveryState.DELIVERED)


def find_unproven(system_id: int) -> Action | None:
    """That of one system, if there is one."""
    return unproven().filter(system_id=system_id).order_by("id").first()


def end_overtaken(system: System, *, now: datetime) -> None:
    """Somebody stored credentials by hand, whose word counts: end what was handed over and that word makes idle, or
    a system where no login can prove anything could never be given a password again."""
    for action in unproven().filter(system=system):
        pair = pair_of(action)
        if pair is None:
            reason = OTHERS_STORED
        elif (
            system.connectivity == Connectivity.BEHIND_FIREWALL
            and credentials.password_of(system) == pair.new
        ):
            reason = _STORED_BY_HAND
        else:
            continue
        states.move([action], DeliveryState.FAILED, reason, now)


def find_open(system_id: int) -> Action | None:
    """The action of one system whose password waits or is unproven, if there is one."""
    return _open([system_id]).select_related("created_by").order_by("id").first()


def _open(ids: Sequence[int]) -> QuerySet[Action]:
    return Action.objects.filter(has_secret=True, system_id__in=ids, state__in=OPEN_STATES)


def _keep(system_id: int, pair: Pair) -> None:
    now = datetime.now(UTC)
    with transaction.atomic():
        lock_contacts([system_id])
        system = System.objects.select_for_update(of=("self",)).select_related("folder").get(pk=system_id)
        credentials.set_credentials(system, pair.username, pair.new)
        system.login_worked_at = now
        system.save(update_fields=["login_worked_at"])
        findings.clear(device_access.LOGIN_FINDING, system.pk, _("The new password works."))
        timeline.add(
            system, "login", _("Its new password was proven by a login and is the stored one"), now=now
        )
        live.publish("system", system)
