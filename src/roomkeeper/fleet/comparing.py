"""What can be compared, as somebody sees it: backups, reported versions, systems as they are now, templates."""

from typing import Final

from django.db.models import Q

from roomkeeper.accounts.permissions import Grants
from roomkeeper.backups import sides
from roomkeeper.backups.models import Backup
from roomkeeper.backups.sides import Side
from roomkeeper.configuration_templates.editing import newest_content
from roomkeeper.configuration_templates.surface import TEMPLATES
from roomkeeper.systems.models import ConfigurationVersion, State
from roomkeeper.systems.surface import visible
from roomkeeper.words import gettext as _

CHOICES_SHOWN: Final = 30
OTHERS_SHOWN: Final = 200


def find_side(text: str, grants: Grants) -> Side | None:
    """The side of that name; None where there is none that she sees. Of a template it is the newest version, in which
    values that name variables stand as they are written. Raises `SideRefused`."""
    kind, number = sides.read_name(text)
    if kind != "template":
        return sides.find(text, visible(grants))
    template = TEMPLATES.rows(grants).filter(pk=number).first()
    if template is None:
        return None
    settings = {one.path: one.shown for one in newest_content(template).settings}
    return sides.side_of_template(template.pk, template.name, settings)


def others_for(grants: Grants) -> list[tuple[str, list[tuple[str, str]]]]:
    """Other systems as they are now, and templates."""
    systems = visible(grants).filter(state=State.MANAGED).order_by("name", "pk")
    templates = TEMPLATES.rows(grants).order_by("name", "pk")
    found = [
        (_("Systems as they are now"), [(f"system:{one.pk}", str(one)) for one in systems[:OTHERS_SHOWN]]),
        ("Templates", [(f"template:{one.pk}", one.name) for one in templates[:OTHERS_SHOWN]]),
    ]
    return [(label, choices) for label, choices in found if choices]


def choices_of(side: Side | None) -> list[tuple[str, str]]:
    """What else of the same system can stand on that side."""
    if side is None:
        return []
    if side.system is None:
        return [(side.name, side.label)]
    mine = Q(system=side.system)
    found = [(f"system:{side.system.pk}", _("{system}, as it is now", system=side.system))]
    for backup in Backup.objects.filter(mine).order_by("-id")[:CHOICES_SHOWN]:
        label = _(
            "backup of {made_at:%Y-%m-%d %H:%M}, {reason}",
            made_at=backup.made_at,
            reason=backup.get_reason_display(),
        )
        found.append((f"backup:{backup.pk}", label))
    versions = ConfigurationVersion.objects.filter(mine, size__gt=0).defer("content").order_by("-id")
    for version in versions[:CHOICES_SHOWN]:
        found.append(
            (f"version:{version.pk}", _("reported {first_at:%Y-%m-%d %H:%M}", first_at=version.first_at))
        )
    if side.name not in dict(found):
        found.append((side.name, side.label))
    return found
