"""What is known of a system: configuration, status, one entry of its timeline; the lists are declared."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Schema
from pydantic import Field, create_model

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.derived_lists import actor_of, row_of, told_of
from roomkeeper.api.derived_mounting import do_act
from roomkeeper.api.problems import NotFound
from roomkeeper.api.reach import LARGEST_ID, get_system
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.fleet.contact_acts import UNDO_CONNECTIVITY
from roomkeeper.fleet.history_surface import CONNECTIVITY_CHANGES, TIMELINE
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.provisioning import wanted
from roomkeeper.systems import documents, timeline
from roomkeeper.systems.documents.redaction import MARK

routes = Routes("systems")


class OverriddenOut(Schema):
    """A value that lost against a stronger layer."""

    layer: str
    value: str
    why: str


class WantedOut(Schema):
    """A value that should be so; `***` where it is a secret."""

    path: str
    value: str
    layer: str = Field(description="Which layer won.")
    why: str
    enforcement: str = Field(description="`automatic`, `window` or `by_hand`.")
    overridden: list[OverriddenOut] = Field(
        description="Values that weaker layers request, the strongest first."
    )


class SettingDriftOut(Schema):
    """A wanted value that the system reported otherwise."""

    path: str
    wanted: str
    found: str | None = Field(description="null if the system reported no such setting.")


class ConfigurationOut(Schema):
    """What should be, what is, and the difference."""

    wanted: list[WantedOut]
    reported: dict[str, str] = Field(description="Canonical path to value, as last reported.")
    reported_at: datetime | None
    drift: list[SettingDriftOut]


class StatusOut(Schema):
    """The status that stands: the newest document, with what feedback told since."""

    received_at: datetime | None = Field(description="When the newest document was stored.")
    read_at: datetime | None = Field(description="When it was read from the system, or posted by it.")
    told_at: datetime | None = Field(description="When feedback last reported something.")
    facts: dict[str, Any] = Field(description="The values that Roomkeeper follows.")
    values: dict[str, str] = Field(description="Every value by its path.")


ConnectivityChangeOut: Any = told_of(CONNECTIVITY_CHANGES).schema
TimelineExchangeOut: Any = create_model(
    "TimelineExchangeOut",
    __base__=told_of(TIMELINE).schema,
    __doc__="One entry with its full exchange: cut and without secrets.",
    path=(str | None, ...),
    scheme=(str | None, ...),
    status=(int | None, ...),
    request=(str | None, ...),
    answer=(str | None, ...),
)


@routes.get("/{int:system_id}/configuration", response=ConfigurationOut)
@needs(Permission.VIEW, anywhere=True)
def show_configuration(request: HttpRequest, system_id: int) -> ConfigurationOut:
    """Show what should be, what the system reported, and the drift between them."""
    system = get_system(user_of(request), system_id)
    reported = documents.reported_configuration(system.pk)
    return ConfigurationOut(
        wanted=[
            WantedOut(
                path=one.path,
                value=one.value if not one.is_secret or MARK in one.value else "***",
                layer=one.layer,
                why=one.why,
                enforcement=one.enforcement.value,
                overridden=[
                    OverriddenOut(layer=lost.layer, value=lost.value, why=lost.why) for lost in one.overridden
                ],
            )
            for one in wanted.wanted_values(system)
        ],
        reported=reported.settings if reported else {},
        reported_at=reported.at if reported else None,
        drift=[
            SettingDriftOut(path=one.path, wanted=one.wanted, found=one.found)
            for one in wanted.drift_of(system)
        ],
    )


@routes.get("/{int:system_id}/status", response=StatusOut)
@needs(Permission.VIEW, anywhere=True)
def show_status(request: HttpRequest, system_id: int) -> Any:
    """Show the newest status; with `Accept: text/xml` the document as the system sent it."""
    system = get_system(user_of(request), system_id)
    if request.headers.get("Accept", "").partition(";")[0].strip() in ("text/xml", "application/xml"):
        content = documents.status_xml(system.pk)
        if content is None:
            raise NotFound("status of system", system_id)
        return HttpResponse(content, content_type="text/xml; charset=utf-8")
    known = documents.status_facts(system.pk)
    return StatusOut(
        received_at=known.received_at,
        read_at=known.read_at,
        told_at=known.told_at,
        facts=known.facts,
        values=documents.status_values(system.pk),
    )


@routes.get("/{int:system_id}/timeline/{int:entry_id}", response=TimelineExchangeOut)
@needs(Permission.VIEW, anywhere=True)
def show_timeline_entry(request: HttpRequest, system_id: int, entry_id: int) -> Any:
    """Show one entry with its full exchange, where that is still kept."""
    system, actor = get_system(user_of(request), system_id), actor_of(request)
    entry = TIMELINE.rows(actor.grants).filter(system=system, pk=min(entry_id, LARGEST_ID)).first()
    if entry is None:
        raise NotFound("timeline entry", entry_id)
    exchange = getattr(entry, "exchange", None)
    return TimelineExchangeOut(
        **told_of(TIMELINE).one(entry, actor),
        path=exchange.path if exchange else None,
        scheme=exchange.scheme if exchange else None,
        status=exchange.status if exchange else None,
        request=timeline.request_text(exchange) if exchange else None,
        answer=timeline.answer_text(exchange) if exchange else None,
    )


@routes.post(
    "/{int:system_id}/connectivity-changes/{int:change_id}/undo",
    response=told_of(CONNECTIVITY_CHANGES).schema,
)
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def undo_connectivity_change(request: HttpRequest, system_id: int, change_id: int) -> Any:
    """Undo a change of connectivity."""
    actor = actor_of(request)
    do_act(SYSTEMS, UNDO_CONNECTIVITY, row_of(SYSTEMS, actor, system_id), actor, {"change": change_id})
    rows = CONNECTIVITY_CHANGES.rows(actor.grants)
    return told_of(CONNECTIVITY_CHANGES).one(rows.get(pk=change_id), actor)
