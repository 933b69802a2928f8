"""The mapping report: what a template would do to each of many systems, and what it cannot, and why.

Decides without doing; `applying` does it. Settings are planned by `provisioning.planning`, as every setting is.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from roomkeeper.configuration_templates import variables
from roomkeeper.configuration_templates.content import Content, TemplateCommand, TemplateSetting
from roomkeeper.configuration_templates.models import ConfigurationTemplate, TemplateAssignment
from roomkeeper.configuration_templates.offers import Stronger, stronger_wishes
from roomkeeper.configuration_templates.system_facts import facts_of
from roomkeeper.configuration_templates.variables import SystemFacts
from roomkeeper.protocols.xapi.command import CommandDescription
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.provisioning import device_commands, management, planning
from roomkeeper.provisioning.command_checks import refusal_of_command
from roomkeeper.provisioning.models import OPEN_STATES, ChangeItem
from roomkeeper.provisioning.planning import PlannedChange, PlannedItem
from roomkeeper.systems import network_settings
from roomkeeper.systems.documents.redaction import MARK
from roomkeeper.systems.models import State, System
from roomkeeper.systems.network_settings.outside import ServerAddress
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

_CHUNK: Final = 200
# In the order in which they are told.
CAUSES: Final[Mapping[str, str]] = {
    "absent": noop("not on this device"),
    "not_allowed": noop("value not allowed"),
    "unresolved": noop("variable without a value"),
    "secret_missing": noop("secret not entered yet"),
    "management": noop("set by management settings"),
    "overridden": noop("set by a stronger layer"),
    "not_managed": noop("system not managed"),
}


@dataclass(frozen=True, slots=True)
class MappedItem:
    """One setting for one system: `path` as the template spells it, `own_path` as the device does.

    `verdict` is change, already or cannot; `cause` one of `CAUSES` where it cannot. `shown` is the value that the
    system would get, `***` for a secret.
    """

    path: str
    own_path: str
    shown: str
    verdict: str
    reason: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class MappedCommand:
    """One command for one system; `verdict` is run or cannot."""

    command: TemplateCommand
    verdict: str
    reason: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class SystemMapping:
    """What the template would do to one system. `planned` is what `planning.record_plan` takes, secrets in clear."""

    system: System
    items: tuple[MappedItem, ...]
    commands: tuple[MappedCommand, ...]
    planned: PlannedChange

    @property
    def verdict(self) -> str:
        """`change` where anything will change or run, else `cannot` where anything cannot, else `already`."""
        verdicts = {item.verdict for item in self.items} | {command.verdict for command in self.commands}
        if verdicts & {"change", "run"}:
            return "change"
        return "cannot" if "cannot" in verdicts else "already"


@dataclass(slots=True)
class ModelLine:
    """Something that systems of one model cannot, and how many of them."""

    name: str
    shown: str
    cause: str
    reason: str
    systems: int = 0


@dataclass(slots=True)
class ModelMapping:
    """What the template would do to the systems of one product and software version, summed up."""

    product: str
    software_version: str
    systems: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    respelled: dict[str, str] = field(default_factory=dict)
    lines: dict[tuple[str, str, str], ModelLine] = field(default_factory=dict)


@dataclass(slots=True)
class MappingReport:
    """The whole report. `counts` are systems by verdict, `causes` settings and commands that cannot, by cause."""

    systems: list[SystemMapping] = field(default_factory=list)
    models: dict[tuple[str, str], ModelMapping] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=lambda: Counter({"change": 0, "already": 0, "cannot": 0}))
    causes: Counter[str] = field(default_factory=Counter)


def plan_template(
    content: Content,
    systems: Iterable[System],
    *,
    template: ConfigurationTemplate | None = None,
    assuming: Sequence[TemplateAssignment] = (),
) -> MappingReport:
    """What the content would do to these systems, by what each has reported.

    `template` is whose content it is: what it keeps so itself does not stand in its way. `assuming` are assignments
    that are not stored yet.
    """
    report = MappingReport()
    listed = list(systems)
    commands: dict[tuple[str, str], Mapping[str, CommandDescription]] = {}
    managed = _ManagementPaths()
    for start in range(0, len(listed), _CHUNK):
        part = listed[start : start + _CHUNK]
        stronger = stronger_wishes(
            [system.pk for system in part], template.pk if template else None, assuming=assuming
        )
        for found in _plan_some(content, part, managed, stronger, commands):
            report.systems.append(found)
            report.counts[found.verdict] += 1
            _sum_up(report, found)
    return report


def _plan_some(
    content: Content,
    systems: Sequence[System],
    managed: "_ManagementPaths",
    stronger: Mapping[int, Mapping[str, Stronger]],
    commands: dict[tuple[str, str], Mapping[str, CommandDescription]],
) -> Iterator[SystemMapping]:
    facts = facts_of([system.pk for system in systems], content.variables())
    wishes, holes = [], []
    for system in systems:
        values, own_holes = _values(
            content.settings, facts[system.pk], managed.of(system), stronger.get(system.pk, {})
        )
        wishes.append((system, values))
        holes.append(own_holes)
    plan = planning.plan_each(wishes, {})
    # What is so by the last report may be about to change: then the wish replaces the one that is on its way.
    asked = ChangeItem.objects.filter(system__in=[system.pk for system in systems], state__in=OPEN_STATES)
    being_asked = set(asked.values_list("system_id", "match_key"))
    for system, change, own_holes in zip(systems, plan.per_system, holes, strict=True):
        items = tuple(
            _mapped(setting, item, own_holes.get(setting.path))
            for setting, item in zip(content.settings, change.items, strict=True)
        )
        able = tuple(
            item
            for item, mapped in zip(change.items, items, strict=True)
            if mapped.verdict == "change"
            or (mapped.verdict == "already" and (system.pk, match_key(item.path)) in being_asked)
        )
        model = (system.product, system.software_version)
        if content.commands and model not in commands:
            commands[model] = device_commands.commands_of_model(*model)
        yield SystemMapping(
            system,
            items,
            tuple(
                _mapped_command(one, system, facts[system.pk], commands.get(model, {}))
                for one in content.commands
            ),
            PlannedChange(system, able),
        )


def _values(
    settings: Sequence[TemplateSetting],
    facts: SystemFacts,
    managed: frozenset[str],
    stronger: Mapping[str, Stronger],
) -> tuple[dict[str, str | None], dict[str, tuple[str, str]]]:
    """The values for one system by path, and (cause, reason) by path for those that must not be sent."""
    values: dict[str, str | None] = {}
    holes: dict[str, tuple[str, str]] = {}
    for setting in settings:
        value = setting.value or ""
        key = match_key(setting.path)
        if setting.value is not None and variables.has_variables(value):
            filled = variables.fill(value, facts)
            value = filled.value
            if sentence := " ".join(filled.problems) or _refusal(setting.path, value):
                holes[setting.path] = ("unresolved", sentence)
                value = ""
        if key in managed:
            holes[setting.path] = (
                "management",
                _("Management settings determine it, before every template."),
            )
        elif setting.value is None:
            holes[setting.path] = ("secret_missing", _("The secret was never entered in the template."))
        elif key in stronger and stronger[key].value != value:
            wish = stronger[key]
            told = _("a secret") if wish.value is None else repr(wish.value)
            holes[setting.path] = ("overridden", _("It stays {told}: {why}.", told=told, why=wish.why))
        values[setting.path] = value
    return values, holes


def _refusal(path: str, value: str) -> str:
    """What is wrong with a value that variables made."""
    try:
        planning.clean_settings({path: value})
    except planning.PlanRefused as refusal:
        return _("With its variables it {next}", next=next(iter(refusal.errors.values())))
    return ""


def _mapped(setting: TemplateSetting, item: PlannedItem, hole: tuple[str, str] | None) -> MappedItem:
    shown = setting.shown if hole or setting.is_secret else item.value or ""
    if item.cause in ("absent", "not_managed") or hole is None:
        return MappedItem(setting.path, item.path, shown, item.verdict, item.reason, item.cause)
    return MappedItem(setting.path, item.path, shown, "cannot", hole[1], hole[0])


def _mapped_command(
    command: TemplateCommand,
    system: System,
    facts: SystemFacts,
    known: Mapping[str, CommandDescription],
) -> MappedCommand:
    filled, problems = fill_command(command, facts)
    if system.state != State.MANAGED:
        return MappedCommand(filled, "cannot", _("the system is not managed"), "not_managed")
    if known:
        found = known.get(filled.command.lower())
        refusal = refusal_of_command(found, filled.arguments, filled.body)
        if refusal and (found is None or not problems):
            return MappedCommand(filled, "cannot", refusal, "absent" if found is None else "not_allowed")
    if problems:
        return MappedCommand(filled, "cannot", " ".join(problems), "unresolved")
    reason = "" if known else _("its commands are not known yet, so it cannot be checked")
    return MappedCommand(filled, "run", reason)


def fill_command(command: TemplateCommand, facts: SystemFacts) -> tuple[TemplateCommand, tuple[str, ...]]:
    """The command for one system, and what is wrong with its variables. A body is sent as it is."""
    problems: list[str] = []

    def put(text: str) -> str:
        filled = variables.fill(text, facts)
        problems.extend(filled.problems)
        return filled.value

    arguments = tuple(
        (name, put(value) if isinstance(value, str) else tuple(put(one) for one in value))
        for name, value in command.arguments
    )
    return TemplateCommand(command.command, arguments, command.body), tuple(dict.fromkeys(problems))


def _sum_up(report: MappingReport, found: SystemMapping) -> None:
    key = (found.system.product, found.system.software_version)
    model = report.models.setdefault(key, ModelMapping(*key))
    model.systems += 1
    for item in found.items:
        model.verdicts[item.verdict] += 1
        if item.own_path != item.path:
            model.respelled[item.path] = item.own_path
        if item.verdict == "cannot":
            _add_line(report, model, item.path, item.shown, item.cause, item.reason)
    for command in found.commands:
        model.verdicts[command.verdict] += 1
        if command.verdict == "cannot":
            _add_line(
                report, model, command.command.command, command.command.shown, command.cause, command.reason
            )


def _add_line(
    report: MappingReport, model: ModelMapping, name: str, shown: str, cause: str, reason: str
) -> None:
    report.causes[cause] += 1
    model.causes[cause] += 1
    line = model.lines.setdefault((name, cause, reason), ModelLine(name, shown, cause, reason))
    line.systems += 1


class _ManagementPaths:
    """The match keys of what management settings write to a system, worked out once a family and mode."""

    def __init__(self) -> None:
        self._settings = network_settings.get()
        self._written = management.written_values(self._settings, are_secrets_shown=False)
        self._known: dict[tuple[str, bool, bool], frozenset[str]] = {}

    def of(self, system: System) -> frozenset[str]:
        """Those of the system."""
        has_phone_book = management.has_phone_book(system, self._settings)
        key = (system.family, system.is_secure_only, has_phone_book)
        if key not in self._known:
            settings = management.management_settings(
                ServerAddress("https" if system.is_secure_only else "http", "roomkeeper"),
                MARK,
                family=system.family,
                is_secure_only=system.is_secure_only,
                has_phone_book=has_phone_book,
                others=self._written,
            )
            self._known[key] = frozenset(match_key(setting.path) for setting in settings)
        return self._known[key]
