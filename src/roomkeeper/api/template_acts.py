"""What is done with templates: reading text, suggestions, planning, applying once."""

from datetime import datetime
from typing import Any, Self

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Schema, Status
from pydantic import Field, model_validator

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.api.choosing import SystemChoice, choose_managed
from roomkeeper.api.paging import ListParameters, Page, cut
from roomkeeper.api.problems import Invalid, refused_as
from roomkeeper.api.reach import Identifier, visible_systems
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.api.template_fields import (
    ProblemLine,
    ReadingOut,
    RemarkOut,
    tell_commands,
    tell_settings,
    told_refusals,
)
from roomkeeper.api.template_report import MappingOut, tell_report
from roomkeeper.api.templates import get_template, get_version
from roomkeeper.configuration_templates import known_settings, mapping
from roomkeeper.configuration_templates.applying import AppliedTemplate, apply_template
from roomkeeper.configuration_templates.content import Content, content_of
from roomkeeper.configuration_templates.files import read_file
from roomkeeper.configuration_templates.making import content_from_reading
from roomkeeper.configuration_templates.variables import names_in
from roomkeeper.provisioning.planning import Care, PlanRefused
from roomkeeper.systems.models import State, System

routes = Routes("templates")
_USE_SORTS = {"id": "id", "used_at": "used_at"}
_LISTED_PROBLEMS = 100


class TextIn(Schema, extra="forbid"):
    """Text as it was pasted, or the text of a file: xConfiguration and xCommand lines, JSON, TOML or XML."""

    text: str = Field(max_length=4_000_000)


class SuggestionFilters(Schema):
    """What is looked for."""

    search: str = Field("", max_length=200, description="Words that the path must contain.")
    limit: int = Field(30, ge=1, le=200)


class SuggestionOut(Schema):
    """A setting or a command that managed systems have."""

    kind: str
    path: str
    type: str
    values: list[str]
    minimum: int | None
    maximum: int | None
    max_length: int | None
    parameters: list[str]
    models: list[str]


class ModelIn(Schema, extra="forbid"):
    """A product with a software version, one of whose systems stands for all."""

    product: str
    software_version: str


class PlanIn(Schema, extra="forbid"):
    """For which systems a template is planned: `systems`, `filter` or `model`, one of the three."""

    systems: list[Identifier] | None = Field(None, max_length=20_000)
    filter: dict[str, Any] | None = Field(
        None, description="As in `POST change-sets`; {} is every managed system."
    )
    model: ModelIn | None = None
    version: Identifier | None = Field(None, description="Default: the one in force.")
    items: bool = Field(True, description="Whether to include every setting of every system.")

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if sum(one is not None for one in (self.systems, self.filter, self.model)) != 1:
            raise ValueError("give one of `systems`, `filter` and `model`")
        return self


class ApplyIn(SystemChoice):
    """To which systems a template is applied once, and how carefully."""

    version: Identifier | None = Field(None, description="Default: the one in force.")
    commands: bool = Field(True, description="Also run its commands; they do not wait for a window.")
    dry_run: bool = Field(False, description="Only plan: answers 200 with the mapping report.")
    during_calls: bool = Field(False, description="Also while a system is in a call.")
    only_in_window: bool = Field(False, description="Only in each system's maintenance window.")
    failure_limit: int | None = Field(None, ge=0, le=1_000_000, description="Stop once more have failed.")


class AppliedOut(Schema):
    """What applying a template came to."""

    change_set: int | None
    actions: list[int]
    refused: list[str]
    counts: dict[str, int]


class UseOut(Schema):
    """That a template was applied."""

    id: int
    version: int
    change_set: int | None
    systems: int
    commands: int
    first_contact: bool
    used_at: datetime
    used_by: str | None


@routes.post("/read", response=ReadingOut)
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def read_template_text(request: HttpRequest, details: TextIn) -> ReadingOut:
    """Read settings and commands out of a text, and say what the known models have against them."""
    reading = read_file(details.text.encode())
    with told_refusals():
        content = content_from_reading(reading)
    models = known_settings.known_models(visible_systems(user_of(request)))
    remarks = [
        RemarkOut(name=one.path, model=remark.model, systems=remark.systems, sentence=remark.sentence)
        for one in content.settings
        for remark in known_settings.remarks_on_setting(
            models, one.path, None if one.value is None or names_in(one.value) else one.value
        )
    ]
    remarks += [
        RemarkOut(name=command.command, model=remark.model, systems=remark.systems, sentence=remark.sentence)
        for command in content.commands
        for remark in known_settings.remarks_on_command(models, command)
    ]
    return ReadingOut(
        settings=tell_settings(content.settings),
        commands=tell_commands(content.commands),
        problems=[ProblemLine(line=one.line, sentence=one.sentence) for one in reading.problems],
        remarks=remarks[:1000],
    )


@routes.get("/suggestions", response=list[SuggestionOut])
@needs(Permission.VIEW, anywhere=True)
def suggest_settings(request: HttpRequest, filters: Query[SuggestionFilters]) -> list[SuggestionOut]:
    """List settings and commands that managed systems have, with what they may hold: completion."""
    models = known_settings.known_models(visible_systems(user_of(request)))
    found = [
        SuggestionOut(
            kind="setting",
            path=one.path,
            type=one.space.type if one.space else "",
            values=list(one.space.values) if one.space else [],
            minimum=one.space.minimum if one.space else None,
            maximum=one.space.maximum if one.space else None,
            max_length=one.space.max_length if one.space else None,
            parameters=[],
            models=one.models,
        )
        for one in known_settings.suggest(models, filters.search, limit=filters.limit)
    ]
    for command in known_settings.suggest_commands(models, filters.search, limit=filters.limit):
        found.append(
            SuggestionOut(
                kind="command",
                path=command.path,
                type="",
                values=[],
                minimum=None,
                maximum=None,
                max_length=None,
                parameters=list(command.parameters),
                models=[],
            )
        )
    return found


@routes.post("/{int:template_id}/plan", response=MappingOut)
@needs(Permission.VIEW, anywhere=True)
def plan_template(request: HttpRequest, template_id: int, details: PlanIn) -> MappingOut:
    """Tell what a template would do to systems or to a model, and what it cannot, and why."""
    user = user_of(request)
    template = get_template(user, template_id)
    content = content_of(get_version(template, details.version or template.newest))
    if details.model is not None:
        systems = _sample(user, details.model)
    else:
        choice = SystemChoice(systems=details.systems, filter=details.filter)
        systems = choose_managed(user, choice, (Permission.VIEW,))
    return tell_report(mapping.plan_template(content, systems, template=template), with_items=details.items)


@routes.post("/{int:template_id}/apply", response={200: MappingOut, 202: AppliedOut})
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def apply_template_once(
    request: HttpRequest, template_id: int, details: ApplyIn, response: HttpResponse
) -> Status[MappingOut] | Status[AppliedOut]:
    """Apply a template once; with `dry_run` only plan. What a system cannot accept is left out."""
    user = user_of(request)
    template = get_template(user, template_id)
    version = get_version(template, details.version or template.newest)
    content = content_of(version)
    asked = [Permission.CHANGE_SETTINGS]
    if content.commands and details.commands:
        asked.append(Permission.RUN_ACTIONS)
    systems = choose_managed(user, details, asked)
    if details.dry_run:
        shown = content if details.commands else Content(content.settings)
        return Status(200, tell_report(mapping.plan_template(shown, systems, template=template)))
    if content.has_secrets:
        # Whoever may send a secret to a system of her own choice could read it there.
        demand(user, Permission.CHANGE_SETTINGS, template.folder.path)
    care = Care(details.during_calls, details.only_in_window, details.failure_limit)

    def note(begun: AppliedTemplate) -> None:
        audit.record(
            user,
            "api",
            "apply template",
            template,
            version=version.number,
            change_set=begun.change_set.pk if begun.change_set else None,
            systems=len(systems),
            actions=begun.commands,
        )

    with told_refusals(), refused_as(422, PlanRefused):
        done = apply_template(
            version,
            systems,
            user=user,
            now=timezone.now(),
            with_commands=details.commands,
            care=care,
            note=note,
        )
    change_set = done.change_set.pk if done.change_set else None
    if change_set is not None:
        response["Location"] = f"/api/v1/change-sets/{change_set}"
    return Status(
        202,
        AppliedOut(
            change_set=change_set,
            actions=done.actions,
            refused=done.refused[:_LISTED_PROBLEMS],
            counts=dict(done.report.counts),
        ),
    )


@routes.get("/{int:template_id}/uses", response=Page[UseOut])
@needs(Permission.VIEW, anywhere=True)
def list_uses(request: HttpRequest, template_id: int, filters: Query[ListParameters]) -> Page[UseOut]:
    """List when a template was applied, newest first."""
    rows = get_template(user_of(request), template_id).uses.select_related("used_by")
    found, following = cut(rows, filters, _USE_SORTS, "-id")
    items = [
        UseOut(
            id=one.pk,
            version=one.number,
            change_set=one.change_set_id,
            systems=one.systems,
            commands=one.commands,
            first_contact=one.is_first_contact,
            used_at=one.used_at,
            used_by=one.used_by.username if one.used_by else None,
        )
        for one in found
    ]
    return Page[UseOut](items=items, next=following)


def _sample(user: User, model: ModelIn) -> list[System]:
    rows = visible_systems(user).filter(
        product=model.product, software_version=model.software_version, state=State.MANAGED
    )
    reported = rows.filter(configuration_versions__isnull=False).order_by("-configuration_versions__last_at")
    sample = reported.select_related("folder").first()
    if sample is None:
        raise Invalid(
            "No system of that model that you can see has reported its configuration.",
            errors=[("body.model", "is not known")],
        )
    return [sample]
