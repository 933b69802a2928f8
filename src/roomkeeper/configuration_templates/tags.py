"""Assignments name tags by their word, because a tag that no system carries is deleted; they follow one renamed."""

from typing import Any

from roomkeeper.configuration_templates.models import TemplateAssignment
from roomkeeper.systems.models import Tag


def follow_rename(*, instance: Tag, **_: Any) -> None:
    """Before a tag is saved: give its assignments the new word, where the template is not assigned to that already."""
    if instance.pk is None:
        return
    old = Tag.objects.filter(pk=instance.pk).values_list("name", flat=True).first()
    if old is None or old == instance.name:
        return
    taken = list(TemplateAssignment.objects.filter(tag=instance.name).values_list("template", flat=True))
    TemplateAssignment.objects.filter(tag=old).exclude(template__in=taken).update(tag=instance.name)
