"""How an endpoint finds this server: the values to type, and what to give DHCP servers, from Network settings."""

from typing import Any

from django.http import HttpRequest

from roomkeeper.adding.dhcp import OPTION, PLACEHOLDER, can_be_told, is_ipv4, snippets
from roomkeeper.devices.quirks import releases_of
from roomkeeper.systems import network_settings
from roomkeeper.web.server_addresses import ManagerValues, manager_values
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

SIDES = (("internal", "LAN"), ("public", noop("public internet")))


def finding_context(request: HttpRequest) -> dict[str, Any]:
    """What the page shows. The address and its form in the option are chosen in the page's own address."""
    found = network_settings.get()
    values = manager_values(found)
    releases = releases_of()
    choices = option_choices(values)
    wanted = request.GET.get("option", "")
    key = wanted if wanted in choices else next(iter(choices), "")
    address, is_text, _rest = choices.get(key, (PLACEHOLDER, False, ""))
    return {
        "manager": values,
        "network": found,
        "modes": modes(values),
        "option_number": OPTION,
        "option": key,
        # By which setting the oldest and the newest releases check our certificate.
        "old_check": releases[-1].verify_settings[0],
        "new_check": releases[0].verify_settings[0],
        "option_choices": [(one, label) for one, (_, _, label) in choices.items()],
        "is_placeholder": not choices,
        "snippets": snippets(address, is_text=is_text),
    }


def option_choices(values: ManagerValues) -> dict[str, tuple[str, bool, str]]:
    """What the option can be given: key -> (address, as text, words), what is told first first."""
    choices: dict[str, tuple[str, bool, str]] = {}
    for side, place in SIDES:
        for address in values.hosts(side):
            key = f"{side}-{'ipv4' if is_ipv4(address) else 'fqdn'}-text"
            if (
                not can_be_told(address)
                or key in choices
                or any(address == one for one, _text, _words in choices.values())
            ):
                continue
            if is_ipv4(address):
                choices[f"{side}-bytes"] = (
                    address,
                    False,
                    _("{address} as four bytes ({place})", address=address, place=_(place)),
                )
            choices[key] = (address, True, _("{address} as text ({place})", address=address, place=_(place)))
    return choices


def modes(values: ManagerValues) -> list[tuple[str, str, str, str]]:
    """(how the system stands, address, protocol, what it must trust) as they are typed."""
    trusts = "our certificate"
    return [
        (_("On the LAN"), values.typed("internal"), "HTTP", "nothing"),
        (_("On the LAN, HTTPS"), values.typed("internal", "HTTPS"), "HTTPS", trusts),
        (_("On the public internet, or behind a firewall"), values.typed("public"), "HTTP", "nothing"),
        (_("The same, HTTPS"), values.typed("public", "HTTPS"), "HTTPS", trusts),
        (
            "Secure-Only",
            " or ".join(
                dict.fromkeys(
                    one for one in (values.typed("internal", "HTTPS"), values.typed("public", "HTTPS")) if one
                )
            ),
            "HTTPS",
            trusts,
        ),
    ]
