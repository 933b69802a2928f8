"""Tags as objects: renaming one on all systems that carry it, taking it off all of them."""

from datetime import datetime

from django.db import IntegrityError, transaction

from roomkeeper.accounts.person import Person
from roomkeeper.systems.models import Tag
from roomkeeper.words import gettext as _


class TagRefused(ValueError):
    """The tag cannot be changed like that."""


def rename(tag: Tag, *, user: Person, now: datetime, name: str) -> None:
    """Rename it on all systems that carry it. Raises `TagRefused` where another has the name."""
    tag.name = name
    try:
        with transaction.atomic():
            tag.save(update_fields=["name"])
    except IntegrityError as error:
        raise TagRefused(_("A tag named {name} already exists.", name=name)) from error


def delete(tag: Tag, *, user: Person, now: datetime) -> None:
    """Take it off all systems that carry it."""
    tag.delete()
