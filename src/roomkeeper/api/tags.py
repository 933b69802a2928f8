"""`tags`: words that systems carry across folders. A tag exists as long as a system carries it."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from ninja import Query, Schema
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.paging import ListParameters, Page, page_of, searched
from roomkeeper.api.problems import Conflict, Invalid, NotFound
from roomkeeper.api.reach import LARGEST_ID, visible_systems
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.systems import live
from roomkeeper.systems.models import Tag

routes = Routes("tags")
_SORTS = {"id": "id", "name": "name", "system_count": "system_count"}


class TagOut(Schema):
    """A tag, and how many systems that you may see carry it."""

    id: int
    name: str
    system_count: int


class TagPatch(Schema, extra="forbid"):
    """What can be changed of a tag."""

    name: str = Field(min_length=1, max_length=50)


class TagFilters(ListParameters):
    """Filters on tags."""

    name: str | None = None


@routes.get("", response=Page[TagOut])
@needs(Permission.VIEW, anywhere=True)
def list_tags(request: HttpRequest, filters: Query[TagFilters]) -> Page[TagOut]:
    """List the tags that systems carry which you may see. Systems get tags by `PATCH systems/{id}`."""
    seen = visible_systems(user_of(request))
    rows = Tag.objects.annotate(
        system_count=Count("systems", filter=Q(systems__in=seen.values("pk")))
    ).filter(system_count__gt=0)
    if filters.name is not None:
        rows = rows.filter(name__iexact=filters.name)
    return page_of(
        TagOut,
        searched(rows, filters.search, "name"),
        filters,
        _SORTS,
        "name",
        _told,
    )


@routes.patch("/{int:tag_id}", response=TagOut)
@needs(Permission.MANAGE_SYSTEMS)
def rename_tag(request: HttpRequest, tag_id: int, patch: TagPatch) -> TagOut:
    """Rename a tag on all systems that carry it."""
    tag = _get(tag_id)
    tag.name = patch.name.strip()
    if not tag.name:
        raise Invalid("A tag needs a name.", errors=[("body.name", "is empty")])
    try:
        with transaction.atomic():
            tag.save(update_fields=["name"])
            live.publish("systems")
            audit.record(user_of(request), "api", "rename tag", tag)
    except IntegrityError as error:
        raise Conflict(f"There is already a tag named {tag.name}.") from error
    return TagOut(id=tag.pk, name=tag.name, system_count=tag.systems.count())


@routes.delete("/{int:tag_id}", response={204: None})
@needs(Permission.MANAGE_SYSTEMS)
def delete_tag(request: HttpRequest, tag_id: int) -> HttpResponse:
    """Take a tag off all systems that carry it."""
    tag = _get(tag_id)
    with transaction.atomic():
        audit.record(user_of(request), "api", "delete tag", tag)
        tag.delete()
        live.publish("systems")
    return HttpResponse(status=204)


def _get(tag_id: int) -> Tag:
    tag = Tag.objects.filter(pk=min(tag_id, LARGEST_ID)).first()
    if tag is None:
        raise NotFound("tag", tag_id)
    return tag


def _told(tag: Any) -> TagOut:
    return TagOut(id=tag.pk, name=tag.name, system_count=tag.system_count)
