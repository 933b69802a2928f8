"""Making an installation usable: database schema, root folder, network settings with addresses that fit."""

from collections.abc import Sequence

from django.core.management import call_command
from django.db import connection

from roomkeeper.systems import inventory, network_settings
from roomkeeper.systems.addresses import parse_address
from roomkeeper.systems.models import NetworkSettings


def prepare(listeners: Sequence[str]) -> None:
    """Bring the schema up to date and create what must exist; safe to run by several processes at once."""
    if connection.vendor == "postgresql":
        # Processes that start together migrate one after the other.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(7264120)")
    try:
        call_command("migrate", verbosity=0, interactive=False)
        inventory.root_folder()
        is_new = not NetworkSettings.objects.exists()
        settings = network_settings.get()
        if is_new:
            _suggest_internal_address(settings, listeners)
    finally:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(7264120)")
    connection.close()


def _suggest_internal_address(settings: NetworkSettings, listeners: Sequence[str]) -> None:
    """The address we listen on is the best first guess for the one that systems are to call."""
    for listener in listeners:
        address = parse_address(listener.rpartition(":")[0])
        if address is not None and not address.is_unspecified:
            if address.version == 4:
                settings.internal_ipv4 = str(address)
            else:
                settings.internal_ipv6 = str(address)
            settings.save()
            return
