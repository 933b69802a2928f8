"""Whether a system can call us at all: models without the manager's mode are managed only where they can be reached."""

from datetime import datetime
from typing import Final

from django.db import transaction

from roomkeeper.devices import registry
from roomkeeper.systems import live, timeline
from roomkeeper.systems.documents import reported_configuration, value_spaces_of
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _

MODE_PATH: Final = "Provisioning/Mode"


def why_it_never_calls(system: System) -> str:
    """Why systems of its kind never call us, as a sentence; "" where they can. Needs no query."""
    return registry.get_family(system.family).never_calls


def learn_whether_it_calls(system: System, *, now: datetime) -> bool:
    """Hold the manager's mode against what the system itself says that it can be: one that lacks it is of the family
    that never calls from then on (protocol notes M, P.4). Whether that was learnt now."""
    family = registry.get_family(system.family)
    if not family.without_manager:
        return False
    wanted = next((setting.value for setting in family.settings if setting.path == MODE_PATH), "")
    reported = reported_configuration(system.pk) if wanted else None
    own = reported.find(MODE_PATH) if reported else None
    if reported is None or own is None:
        return False
    space = value_spaces_of(system).get(reported.value_spaces.get(own[0], ""))
    if space is None or not space.values or wanted.casefold() in {one.casefold() for one in space.values}:
        return False
    with transaction.atomic():
        System.objects.filter(pk=system.pk).update(family=family.without_manager)
        system.family = family.without_manager
        timeline.add(
            system,
            "management",
            _("{mode_path} cannot be {wanted} on it: it never calls", mode_path=MODE_PATH, wanted=wanted),
            now=now,
        )
        live.publish("system", system)
    return True
