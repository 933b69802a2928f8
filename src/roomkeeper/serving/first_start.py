"""Making an installation usable: opened as it must be, root folder, network settings with addresses that fit."""

from collections.abc import Sequence

from django.conf import settings as django_settings

from roomkeeper.installation import opening
from roomkeeper.serving.re_encryption import columns
from roomkeeper.settings.options import Options
from roomkeeper.systems import inventory, network_settings
from roomkeeper.systems.addresses import parse_address
from roomkeeper.systems.models import NetworkSettings
from roomkeeper.systems.network_settings.outside import Place, can_be_called


def prepare(listeners: Sequence[str] = (), *, may_begin: bool = True, has_lock: bool = False) -> None:
    """Open the installation of the options in force, and create what must exist; safe to run by several processes at
    once. Raises what `opening.open_installation` raises."""
    options: Options = django_settings.OPTIONS

    def fill() -> None:
        inventory.root_folder()
        is_new = not NetworkSettings.objects.exists()
        settings = network_settings.get()
        if is_new:
            _suggest_internal_address(settings, listeners)

    opening.open_installation(options, encrypted=columns(), fill=fill, may_begin=may_begin, has_lock=has_lock)


def _suggest_internal_address(settings: NetworkSettings, listeners: Sequence[str]) -> None:
    """The address we listen on is the best first guess for the one that systems are to call; one that a proxy alone
    calls, or nobody but this machine, is none."""
    if Place.of(django_settings.OPTIONS).is_proxied:
        return
    for listener in listeners:
        address = parse_address(listener.rpartition(":")[0])
        if address is not None and can_be_called(str(address), is_near=False):
            if address.version == 4:
                settings.internal_ipv4 = str(address)
            else:
                settings.internal_ipv6 = str(address)
            settings.save()
            return
