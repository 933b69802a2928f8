"""Logging in to somebody who shows the mark of our devices, to read who he is (rule R6). Writes nothing to devices."""

from dataclasses import dataclass
from datetime import UTC, datetime

from roomkeeper.adding import tries
from roomkeeper.adding.plan import AddingPlan, ItemRequest
from roomkeeper.devices import errors, registry
from roomkeeper.devices.client import DeviceTransport, Target
from roomkeeper.devices.discovery import Found
from roomkeeper.devices.facts import Facts
from roomkeeper.devices.login import Login
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.words import gettext as _


class NoLogin(errors.LoginRefused):
    """The device wants a login, and none was given. Give its administrator's name and password, and add it again."""


class NoTryLeft(errors.LoginRefused):
    """The device has had two logins from the list within the hour. Add it alone, with its own login."""


class ListNeedsTls(errors.PasswordNeedsTls):
    """The device has no HTTPS, and logins of a list never use HTTP. Turn HTTPS on there, or give it its own login."""


@dataclass(frozen=True, slots=True)
class Proven:
    """Who it is, read with the login that it accepted, and the road that was taken."""

    facts: Facts
    login: Login
    scheme: str


async def prove(transport: DeviceTransport, plan: AddingPlan, asked: ItemRequest, found: Found) -> Proven:
    """Read who it is, with the login that was given for it or with those that may be tried. Raises `DeviceError`."""
    given = asked.own_login
    if given is None and len(plan.typed_logins) == 1 and not plan.is_range:
        given = plan.typed_logins[0]
    logins = (given,) if given is not None else (*plan.typed_logins, *plan.saved_logins)
    is_list = given is None
    if not logins:
        raise NoLogin().about(asked.host)
    if not found.https:
        _demand_http(plan, asked, found, is_list=is_list)
    target = Target(
        name="",
        address=asked.host,
        reach=plan.reach(asked),
        tls=plan.tls(found.tls_key),
        https_port=asked.https_port or plan.usual_https_port,
        http_port=0 if is_list else asked.http_port or plan.usual_http_port,
        password_may_use_http=not is_list and plan.may_use_http(asked.host),
    )
    client = transport.client(target)
    driver = registry.create_driver(registry.presumed_family(found.family), client)
    refusal: errors.LoginRefused = NoTryLeft().about(asked.host)
    for login in logins:
        client.use_login(login)
        if is_list and client.was_refused(login):
            continue
        if not is_list:
            # Whoever gives it for this very device wants it tried, also after an earlier refusal.
            client.forget_refusal()
        now = datetime.now(UTC)
        if not await off_loop(
            tries.take, asked.item_id, asked.host, found.tls_key, is_limited=is_list, now=now
        ):
            break
        try:
            facts = await driver.identify()
        except errors.LockedOut:
            raise
        except errors.LoginRefused as error:
            refusal = error
            continue
        await off_loop(tries.give_back, asked.item_id)
        return Proven(facts, login, client.scheme)
    raise refusal


def _demand_http(plan: AddingPlan, asked: ItemRequest, found: Found, *, is_list: bool) -> None:
    """Nothing showed the mark by HTTPS. Raises why no login goes there, unless it may by HTTP."""
    trouble = found.errors.get("https")
    silent = errors.ConnectionRefused | errors.ConnectTimedOut
    if trouble is not None and not isinstance(trouble, silent):
        raise trouble.about(asked.host, _("looking who answers"))
    if found.http and is_list:
        raise ListNeedsTls().about(asked.host)
    if found.http and not plan.may_use_http(asked.host):
        raise errors.PasswordNeedsTls().about(asked.host)
    if not found.http:
        # SNMP alone has named it.
        raise (trouble or errors.ConnectionRefused()).about(asked.host, _("looking for its web service"))
