"""Does the server know its own place? What listeners, outside address, forwarding headers and posts say is held against
each other. Judged by the settings and the database, so that any process may ask."""

import socket
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from django.conf import settings as django_settings

from roomkeeper.external_manager import strangers
from roomkeeper.jobs import checks
from roomkeeper.jobs.checks import Check, CheckResult
from roomkeeper.settings.options import Options
from roomkeeper.systems.addresses import host_of, is_within, parse_address, parse_networks, port_of
from roomkeeper.systems.models import Contact, NetworkSettings, State
from roomkeeper.systems.network_settings import outside
from roomkeeper.systems.network_settings.outside import Place, can_be_called, is_loopback
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

# The newest posts are looked at, not a whole fleet's.
LOOKED_AT: Final = 500
PATIENCE: Final = timedelta(minutes=1)
_SEE: Final = noop("See the page Behind a reverse proxy.")
# As frontend/copy.mjs makes them; a package without them is not built (setup.py).
FRONT_END: Final = ("vendor/tabler.css", "vendor/tabler.js", "vendor/htmx.js", "vendor/icons.svg")


def register_checks(options: Options) -> None:
    """Have them read from now on."""
    looks: dict[str, tuple[Callable[..., CheckResult | Iterable[CheckResult]], str]] = {
        "outside address": (_outside, "warning"),
        "forwarding headers": (_forwarding, "warning"),
        "front end": (_front_end, "critical"),
    }
    for name, (look, ticket) in looks.items():
        checks.register(Check(name, partial(look, options), ticket=ticket, patience=PATIENCE))


def _outside(options: Options, *, now: datetime) -> list[CheckResult]:
    # A check makes nothing, not even the row of settings.
    place, settings = Place.of(options), NetworkSettings.objects.first() or NetworkSettings()
    told = {
        side: outside.address(settings, place, side=side, scheme="http").authority for side in outside.SIDES
    }
    if place.is_proxied and not any(outside.told_hosts(settings, place, side) for side in outside.SIDES):
        return [
            CheckResult(
                "outside address",
                False,
                _(
                    "a trusted proxy is in front of this server, but Network settings contain no address "
                    "that systems could call; each keeps the host that it uses, with ports 80 and 443"
                ),
                _("Set the outside address in Network settings."),
            )
        ]
    posts = _posts()
    lost = [
        used
        for source, used in posts
        if not can_be_called(host_of(used), is_near=is_loopback(source)) and used
    ]
    if lost:
        words = _(
            "{count} of the newest {count_2} posts name {lost} as the host that they called, "
            "which is not what a system on the network calls",
            count=len(lost),
            count_2=len(posts),
            lost=lost[0],
        )
        advice = _("Have the proxy pass on the Host header that it received. {see}", see=_(_SEE))
        return [CheckResult("outside address", False, words, advice)]
    if unheard := _unheard(settings, place, {used for _, used in posts}):
        words = _("systems are told to call {unheard}, where nothing listens", unheard=unheard)
        advice = _("Correct the outside address in Network settings, or have the server listen there.")
        return [CheckResult("outside address", False, words, advice)]
    words = "; ".join(f"{side}: {one or 'what each system uses'}" for side, one in told.items())
    return [CheckResult("outside address", True, words)]


def _unheard(settings: NetworkSettings, place: Place, used: Collection[str]) -> str:
    """An address of this machine with a port that was set, at which nobody answers; "" where there is none. What stands
    on another machine is not known here, and where posts come in somebody hands them on."""
    for side in outside.SIDES:
        for scheme in ("http", "https"):
            if place.is_proxied or not outside.set_port(settings, side, scheme):
                continue
            told = outside.address(settings, place, side=side, scheme=scheme).authority
            if (
                told
                and told not in used
                and _is_refused(host_of(told), port_of(told) or outside.USUAL[scheme])
            ):
                return told
    return ""


def _is_refused(host: str, port: int) -> bool:
    """Whether that is an address of this machine, and nothing listens at the port."""
    address = parse_address(host)
    if address is None:
        return False
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as own:
            own.bind((str(address), 0))
        socket.create_connection((str(address), port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


def _forwarding(options: Options, *, now: datetime) -> CheckResult:
    trusted = parse_networks(options.trusted_proxies)
    found = [one for one in strangers.lately(now=now) if not is_within(one, trusted)]
    if found:
        return CheckResult(
            "forwarding headers",
            False,
            _(
                "forwarding headers come from {found}, which trusted_proxies does not name; the "
                "headers are not believed",
                found=", ".join(sorted(found[:5])),
            ),
            _("If that is your proxy, add it to trusted_proxies and restart. {see}", see=_(_SEE)),
        )
    posts = _posts()
    own = [source for source, _ in posts if trusted and is_within(source, trusted)]
    if own:
        return CheckResult(
            "forwarding headers",
            False,
            _(
                "{count} of the newest {count_2} posts come from the address of a trusted proxy, {own}",
                count=len(own),
                count_2=len(posts),
                own=own[0],
            ),
            _(
                "Have the proxy pass on its clients' addresses ({proxies_tell}). {see}",
                proxies_tell=options.proxies_tell,
                see=_(_SEE),
            ),
        )
    return CheckResult(
        "forwarding headers", True, _("agree with the sources of posts") if trusted else _("none come in")
    )


def _posts() -> list[tuple[str, str]]:
    """(source, Host) of the newest posts of managed systems."""
    rows = Contact.objects.filter(system__state=State.MANAGED, last_seen_at__isnull=False)
    return list(rows.order_by("-last_seen_at").values_list("source_address", "used_host")[:LOOKED_AT])


def _front_end(_rest: Options, *, now: datetime) -> CheckResult:
    folder = Path(django_settings.STATIC_ROOT)
    missing = [name for name in FRONT_END if not (folder / name).exists()]
    if missing:
        words = _("the pages' {missing} are missing in {folder}", missing=", ".join(missing), folder=folder)
        return CheckResult("front end", False, words, _("Install a complete package, or run: make setup"))
    return CheckResult("front end", True, "present")
