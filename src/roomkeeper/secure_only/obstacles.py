"""What keeps a system from proving that it reaches us by HTTPS, as far as that is known before it is asked: its clock,
or that we have no HTTPS address to tell it. Looked at for the plan, and again while a move goes on."""

from collections.abc import Iterable, Sequence
from typing import Final

from django.conf import settings as django_settings

from roomkeeper.systems import network_settings
from roomkeeper.systems.documents import clocks
from roomkeeper.systems.models import Contact, NetworkSettings, StoredDocument, System
from roomkeeper.systems.network_settings import outside
from roomkeeper.systems.network_settings.outside import Place
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

# Stands for the host of a next post, where none was noted.
_ANY_HOST: Final = "host.invalid"
_SIDE_WORDS: Final = {outside.INTERNAL: "internal", outside.PUBLIC: "public", "": noop("internal or public")}


def obstacles(systems: Iterable[System]) -> dict[int, str]:
    """A sentence for each system that cannot prove itself now, by its id."""
    listed = list(systems)
    return {**wrong_clocks([system.pk for system in listed]), **without_https_address(listed)}


def wrong_clocks(system_ids: Sequence[int]) -> dict[int, str]:
    """Of these systems those whose clock was wrong when they told their newest status, with a sentence."""
    rows = StoredDocument.objects.filter(
        system_id__in=system_ids, kind=StoredDocument.Kind.STATUS, clock_offset__isnull=False
    )
    return {
        system_id: _(
            "its clock is {words} of this server's, so our certificate looks invalid to it; "
            "correct its time server (NetworkServices NTP), then plan it again",
            words=clocks.words(seconds),
        )
        for system_id, seconds in rows.values_list("system_id", "clock_offset")
        if seconds is not None and clocks.is_wrong(seconds)
    }


def without_https_address(systems: Sequence[System]) -> dict[int, str]:
    """Of these systems those for which this server has no address by HTTPS, with a sentence."""
    settings, place = network_settings.get(), Place.of(django_settings.OPTIONS)
    posts = {
        system_id: (host, scheme, source)
        for system_id, host, scheme, source in Contact.objects.filter(
            system_id__in=[system.pk for system in systems]
        ).values_list("system_id", "used_host", "scheme", "source_address")
    }
    found = {}
    for system in systems:
        host, scheme, source = posts.get(system.pk, ("", "", ""))
        side = outside.side_of(system.connectivity)
        there = outside.address(
            settings,
            place,
            side=side,
            scheme="https",
            used_host=host or _ANY_HOST,
            used_scheme=scheme or "http",
            source=source,
        )
        if not there.authority:
            found[system.pk] = _why_none(settings, place, side)
    return found


def is_tls_ended_before_us() -> bool:
    """Whether systems see the certificate of a proxy, as far as the settings tell: we listen for no HTTPS ourselves."""
    place = Place.of(django_settings.OPTIONS)
    return place.is_proxied and not place.https


def _why_none(settings: NetworkSettings, place: Place, side: str) -> str:
    if side and outside.set_port(settings, side, "https") == outside.NOT_OFFERED:
        return _(
            "Network settings say that nothing comes in by HTTPS on the {side_words} side (its "
            "outside HTTPS port is 0); offer HTTPS there and set its port",
            side_words=_(_SIDE_WORDS[side]),
        )
    if not place.is_proxied and not place.https:
        return _(
            "this server listens for no HTTPS; start it with an HTTPS listener (--https), or set "
            "the outside HTTPS port in Network settings"
        )
    return _(
        "this server knows no HTTPS address that the system could call; set the {side_words} "
        "host of the outside address in Network settings",
        side_words=_(_SIDE_WORDS[side]),
    )
