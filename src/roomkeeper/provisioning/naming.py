"""Having a device take the name of its record (rule R7: the two are one). Renaming by a person: `planning.rename`."""

from datetime import datetime

from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.provisioning.models import OPEN_STATES, ChangeItem
from roomkeeper.provisioning.planning import HARMLESS, NAME_PATH, UNPRINTABLE, create_change_set
from roomkeeper.systems.inventory import NAME_LIMIT
from roomkeeper.systems.models import System


def keep_name(system_id: int, reported_name: str, *, now: datetime) -> None:
    """Have the device take the name that its record was given before it proved itself (rule R7: the two are one)."""
    system = System.objects.select_related("folder").get(pk=system_id)
    name = system.name[:NAME_LIMIT]
    is_asked = ChangeItem.objects.filter(
        system=system, match_key=match_key(NAME_PATH), state__in=OPEN_STATES
    ).exists()
    if name and name != reported_name and not is_asked and not UNPRINTABLE.search(name):
        create_change_set(
            [system],
            {NAME_PATH: name},
            user=None,
            now=now,
            description="The name given on admission",
            care=HARMLESS,
        )
