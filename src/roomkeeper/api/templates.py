"""`templates`: what stands beside the declared list and acts: versions, files, reading text, planning, applying."""

from typing import Any, Self

from django.http import HttpRequest, HttpResponse
from ninja import Schema, Status
from pydantic import Field, create_model, model_validator

from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.choosing import SystemChoice, choose_managed
from roomkeeper.api.derived_lists import actor_of, row_of, told_of
from roomkeeper.api.derived_mounting import do_act
from roomkeeper.api.problems import Invalid, refused_as
from roomkeeper.api.reach import Identifier, visible_systems
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.configuration_templates import acting, known_settings, mapping, telling
from roomkeeper.configuration_templates.content import Content, TemplateRefused, content_of
from roomkeeper.configuration_templates.declared_acts import APPLY, ASSIGN, EDIT
from roomkeeper.configuration_templates.files import read_file
from roomkeeper.configuration_templates.making import content_from_reading
from roomkeeper.configuration_templates.report_telling import (
    AppliedOut,
    MappingOut,
    tell_applied,
    tell_report,
)
from roomkeeper.configuration_templates.surface import ASSIGNMENTS, TEMPLATES, VERSIONS
from roomkeeper.configuration_templates.telling import ReadingOut
from roomkeeper.operations.taking import bounded, model_of, taken_of
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _

routes = Routes("templates")
_told_version, _told_assignment = told_of(VERSIONS), told_of(ASSIGNMENTS)
ContentIn: Any = model_of(TEMPLATES, EDIT)
AssignmentIn: Any = model_of(TEMPLATES, ASSIGN)
VersionMade: Any = create_model(
    "VersionMade",
    __base__=Schema,
    __doc__="The version in force, and the change set that brings it to the systems it is assigned to, if any.",
    version=(_told_version.schema, ...),
    change_set=(int | None, ...),
)
AssignedOut: Any = create_model(
    "AssignedOut",
    __base__=Schema,
    __doc__="An assignment, and the change set that brings it into force, if any.",
    assignment=(_told_assignment.schema, ...),
    change_set=(int | None, ...),
)


class TextIn(Schema, extra="forbid"):
    """Text as it was pasted, or the text of a file: xConfiguration and xCommand lines, JSON, TOML or XML."""

    text: str = Field(max_length=4_000_000)


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
            raise ValueError(_("give one of `systems`, `filter` and `model`"))
        return self


_CARE: dict[str, Any] = {one.name: (one.type, bounded(one)) for one in APPLY.takes if one.name != "systems"}
ApplyIn: Any = create_model(
    "ApplyIn",
    __base__=SystemChoice,
    __doc__="To which systems a template is applied once, and how carefully.",
    dry_run=(bool, Field(False, description="Only plan: answers 200 with the mapping report.")),
    **_CARE,
)


@routes.post("/read", response=ReadingOut)
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def read_template_text(request: HttpRequest, details: TextIn) -> ReadingOut:
    """Read settings and commands out of a text, and say what the known models have against them."""
    reading = read_file(details.text.encode())
    with refused_as(422, TemplateRefused):
        content = content_from_reading(reading)
    models = known_settings.known_models(visible_systems(user_of(request)))
    return ReadingOut(
        settings=telling.tell_settings(content),
        commands=telling.tell_commands(content),
        problems=reading.problems,
        remarks=telling.remarks_on(content, models)[:1000],
    )


@routes.post("/{int:template_id}/versions", response={201: VersionMade})
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def create_version(
    request: HttpRequest, template_id: int, details: ContentIn, response: HttpResponse
) -> Status[Any]:
    """Give a template a new version, in force from now on: systems it is assigned to are asked for it, as its
    enforcement says. A secret given as null stays what it was."""
    actor = actor_of(request)
    template = row_of(TEMPLATES, actor, template_id)
    _rest, made = do_act(TEMPLATES, EDIT, template, actor, taken_of(EDIT, details))
    version = made["version"]
    response["Location"] = f"/api/v1/templates/{template.pk}/versions/{version.number}"
    return Status(
        201,
        {"version": _told_version.one(version, actor), "change_set": acting.change_set_of(made)},
    )


@routes.post("/{int:template_id}/plan", response=MappingOut)
@needs(Permission.VIEW, anywhere=True)
def plan_template(request: HttpRequest, template_id: int, details: PlanIn) -> MappingOut:
    """Tell what a template would do to systems or to a model, and what it cannot, and why."""
    user = user_of(request)
    template = row_of(TEMPLATES, actor_of(request), template_id)
    content = content_of(acting.get_version(template, details.version))
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
    actor = actor_of(request)
    template = row_of(TEMPLATES, actor, template_id)
    content = content_of(acting.get_version(template, details.version))
    asked = [Permission.CHANGE_SETTINGS]
    if content.commands and details.commands:
        asked.append(Permission.RUN_ACTIONS)
    systems = choose_managed(user_of(request), details, asked)
    if details.dry_run:
        shown = content if details.commands else Content(content.settings)
        return Status(200, tell_report(mapping.plan_template(shown, systems, template=template)))
    taken = taken_of(APPLY, details) | {"systems": [system.pk for system in systems]}
    _rest_2, told = do_act(TEMPLATES, APPLY, template, actor, taken)
    applied = tell_applied(told["applied"])
    if applied.change_set is not None:
        response["Location"] = f"/api/v1/change-sets/{applied.change_set}"
    return Status(202, applied)


@routes.post("/{int:template_id}/assignments", response={201: AssignedOut})
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def assign_template(request: HttpRequest, template_id: int, details: AssignmentIn) -> Status[Any]:
    """Make a template persistent on a system, on those with a tag, or in a folder: they are asked for at once, or in
    maintenance windows, as its enforcement says."""
    actor = actor_of(request)
    template = row_of(TEMPLATES, actor, template_id)
    _rest_3, made = do_act(TEMPLATES, ASSIGN, template, actor, taken_of(ASSIGN, details))
    assignment = _told_assignment.one(made["assignment"], actor)
    return Status(201, {"assignment": assignment, "change_set": acting.change_set_of(made)})


def _sample(user: User, model: ModelIn) -> list[System]:
    sample = known_settings.sample_of(visible_systems(user), model.product, model.software_version)
    if sample is None:
        raise Invalid(
            _("No system of that model that you can see has reported its configuration."),
            errors=[("body.model", _("is not known"))],
        )
    return [sample]
