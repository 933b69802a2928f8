"""Applying a template once: one change set for its settings, one action a system for each command.

What a system cannot take is told by the mapping report and left out; it does not stop the rest.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from roomkeeper.accounts.person import Person, find_account
from roomkeeper.configuration_templates.content import Content, TemplateRefused, content_of
from roomkeeper.configuration_templates.editing import newest_version
from roomkeeper.configuration_templates.mapping import MappingReport, SystemMapping, plan_template
from roomkeeper.configuration_templates.models import (
    ConfigurationTemplate,
    TemplateAssignment,
    TemplateUse,
    TemplateVersion,
)
from roomkeeper.configuration_templates.offers import applied_to
from roomkeeper.provisioning import actions, planning
from roomkeeper.provisioning.models import ChangeSet
from roomkeeper.provisioning.sources import Enforcement
from roomkeeper.systems.models import State, System
from roomkeeper.words import gettext as _

COMMANDS_AT_ONCE: Final = 2_000
_CHUNK: Final = 50
_ROWS: Final = 500


@dataclass(slots=True)
class AppliedTemplate:
    """What applying came to. `change_set` is None where no setting was to be asked of anybody."""

    report: MappingReport
    change_set: ChangeSet | None = None
    actions: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def commands(self) -> int:
        """How many commands systems are asked to run, before any of them is refused."""
        return sum(one.verdict == "run" for found in self.report.systems for one in found.commands)


def apply_template(
    version: TemplateVersion,
    systems: Iterable[System],
    *,
    user: Person,
    now: datetime,
    with_commands: bool = True,
    care: planning.Care = planning.ORDINARY_CARE,
    note: Callable[[AppliedTemplate], None] | None = None,
) -> AppliedTemplate:
    """Ask the systems for what the version holds, as far as each can have it. Raises `TemplateRefused`.

    Writes in short transactions of its own: not to be called inside one for many systems (rule R9). `note` is called
    inside the first, for the audit trail, with the change set and without the commands.
    """
    content = content_of(version)
    if not with_commands:
        content = Content(content.settings)
    return apply_content(
        content, version, systems, user=user, now=now, description=str(version), care=care, note=note
    )


def apply_content(
    content: Content,
    version: TemplateVersion,
    systems: Iterable[System],
    *,
    user: Person,
    now: datetime,
    description: str,
    care: planning.Care = planning.ORDINARY_CARE,
    is_first_contact: bool = False,
    note: Callable[[AppliedTemplate], None] | None = None,
) -> AppliedTemplate:
    """The same with a content that the caller has put together."""
    done = AppliedTemplate(plan_template(content, systems, template=version.template))
    asked = [found for found in done.report.systems if any(one.verdict == "run" for one in found.commands)]
    if len(asked) > COMMANDS_AT_ONCE:
        raise TemplateRefused(
            _(
                "At most {commands_at_once:,} systems can be asked to run commands at once; these "
                "are {count:,}.",
                commands_at_once=COMMANDS_AT_ONCE,
                count=len(asked),
            )
        )
    changes = tuple(found.planned for found in done.report.systems if found.planned.items)
    if changes:

        def with_settings(made: ChangeSet) -> None:
            done.change_set = made
            if note is not None:
                note(done)

        done.change_set = planning.record_plan(
            planning.ChangePlan(changes, {}),
            user=user,
            now=now,
            description=f"Template {description}"[:255],
            care=care,
            note=with_settings,
        )
        note = None
    _run_commands(asked, done, user, now, care, note)
    if changes or asked:
        TemplateUse.objects.create(
            template_id=version.template_id,
            number=version.number,
            change_set=done.change_set,
            systems=len({one.system.pk for one in changes} | {one.system.pk for one in asked}),
            commands=len(done.actions),
            is_first_contact=is_first_contact,
            used_at=now,
            used_by=find_account(user),
        )
    return done


def bring_into_force(
    template: ConfigurationTemplate, *, user: Person, now: datetime
) -> AppliedTemplate | None:
    """After it was assigned or changed: ask the systems that it is assigned to for what it holds now, at once or in
    their maintenance windows, as its enforcement says. None where a person is to do that, or there are no systems.

    Later differences are found as drift. Hidden values cannot be: this is when they are sent.
    """
    systems = systems_kept(template)
    if template.enforcement == Enforcement.BY_HAND or not systems:
        return None
    care = planning.Care(only_in_window=template.enforcement == Enforcement.WINDOW)
    return apply_template(newest_of(template), systems, user=user, now=now, with_commands=False, care=care)


def systems_kept(
    template: ConfigurationTemplate, *, assuming: Sequence[TemplateAssignment] = ()
) -> list[System]:
    """The managed systems on which the template is kept so, by its assignments."""
    reach = System.objects.filter(state=State.MANAGED, folder__path__startswith=template.folder.path)
    if not assuming and not template.assignments.exists():
        return []
    ids = list(reach.order_by("name", "pk").values_list("pk", flat=True))
    applied = applied_to(ids, assuming=assuming)
    kept = [pk for pk in ids if any(one.template.pk == template.pk for one in applied.get(pk, ()))]
    found: dict[int, System] = {}
    for start in range(0, len(kept), _ROWS):
        found.update(System.objects.select_related("folder").in_bulk(kept[start : start + _ROWS]))
    return [found[pk] for pk in kept if pk in found]


def _run_commands(
    asked: Sequence[SystemMapping],
    done: AppliedTemplate,
    user: Person,
    now: datetime,
    care: planning.Care,
    note: Callable[[AppliedTemplate], None] | None,
) -> None:
    """`note` is called in the first transaction; also where there is nothing to ask."""
    for start in range(0, len(asked) or 1, _CHUNK):
        with transaction.atomic():
            if note is not None and start == 0:
                note(done)
            for found in asked[start : start + _CHUNK]:
                _run_on(found, done, user, now, care)


def _run_on(
    found: SystemMapping, done: AppliedTemplate, user: Person, now: datetime, care: planning.Care
) -> None:
    for one in found.commands:
        if one.verdict != "run":
            continue
        arguments: list[list[Any]] = [
            [name, value if isinstance(value, str) else list(value)] for name, value in one.command.arguments
        ]
        try:
            action = actions.ask(
                found.system,
                one.command.command,
                arguments,
                user=user,
                now=now,
                body=one.command.body,
                care=care,
            )
        except actions.ActionRefused as refusal:
            done.refused.append(f"{found.system}: {refusal}")
        else:
            done.actions.append(action.pk)


def newest_of(template: ConfigurationTemplate) -> TemplateVersion:
    """The version in force; raises `TemplateRefused` where there is none."""
    version = newest_version(template)
    if version is None:
        raise TemplateRefused(_("{template} is still empty.", template=template))
    return version
