"""What can be compared, as somebody sees it: backups, reported versions, systems as they are now, templates."""

from roomkeeper.accounts.permissions import Grants
from roomkeeper.backups import sides
from roomkeeper.backups.sides import Side
from roomkeeper.configuration_templates.editing import newest_content
from roomkeeper.configuration_templates.surface import TEMPLATES
from roomkeeper.systems.surface import visible


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
