"""How an endpoint finds this server: the values to type, and what to give DHCP servers, from Network settings."""

from typing import Any

from django.http import HttpRequest

from roomkeeper.adding.dhcp import OPTION, PLACEHOLDER, option_choices, snippets
from roomkeeper.devices.quirks import releases_of
from roomkeeper.provisioning.server_addresses import manager_values
from roomkeeper.systems import network_settings


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
        "modes": values.modes,
        "option_number": OPTION,
        "option": key,
        # By which setting the oldest and the newest releases check our certificate.
        "old_check": releases[-1].verify_settings[0],
        "new_check": releases[0].verify_settings[0],
        "option_choices": [(one, label) for one, (_, _, label) in choices.items()],
        "is_placeholder": not choices,
        "snippets": snippets(address, is_text=is_text),
    }
