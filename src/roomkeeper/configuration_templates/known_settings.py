"""What systems have told of settings and commands: for completion and for checks while a template is written by hand.

A *model* is a product with a software version; what one of its systems reported stands for all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

from django.db.models import Count, Max, QuerySet

from roomkeeper.configuration_templates.content import TemplateCommand
from roomkeeper.configuration_templates.variables import names_in
from roomkeeper.protocols.xapi.command import CommandDescription
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xapi.valuespace import ValueSpace
from roomkeeper.provisioning.command_checks import refusal_of_command
from roomkeeper.provisioning.device_commands import commands_of_model
from roomkeeper.systems.documents import unpack_configuration, value_spaces_of_model
from roomkeeper.systems.models import ConfigurationVersion, State, StoredDocument, System
from roomkeeper.systems.software_versions import VersionKey
from roomkeeper.words import gettext as _

MODELS_LIMIT: Final = 40


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A product with a software version, how many of the systems are such, and what one of them reported.

    `settings` are by match key: (the model's own spelling, value space or None). `commands` are by lower-case path.
    """

    product: str
    software_version: str
    systems: int
    settings: Mapping[str, tuple[str, ValueSpace | None]]
    commands: Mapping[str, CommandDescription]

    def __str__(self) -> str:
        return f"{self.product} {self.software_version}".strip()


@dataclass(slots=True)
class Suggestion:
    """A setting that some models have: its path, what it may hold, and on how many models."""

    path: str
    space: ValueSpace | None
    models: list[str] = field(default_factory=list)


def known_models(systems: QuerySet[System]) -> list[KnownModel]:
    """The models among these systems that have reported a configuration, those with most systems first."""
    rows = (
        systems.filter(state=State.MANAGED)
        .order_by()
        .values_list("product", "software_version")
        .annotate(number=Count("pk", distinct=True))
        .order_by("-number", "product", VersionKey("software_version"))[:MODELS_LIMIT]
    )
    found = []
    for product, version, number in rows:
        same = ConfigurationVersion.objects.filter(system__product=product, system__software_version=version)
        newest = same.order_by("-id").values_list("pk", "digest").first()
        if newest is not None:
            told = _reported(product, version, newest, _documents_of(product, version))
            found.append(KnownModel(product, version, number, *told))
    return found


def sample_of(systems: QuerySet[System], product: str, software_version: str) -> System | None:
    """Of the managed systems of a model the one that reported its configuration last, if any has."""
    same = systems.filter(product=product, software_version=software_version, state=State.MANAGED)
    reported = same.filter(configuration_versions__isnull=False).order_by("-configuration_versions__last_at")
    return reported.select_related("folder").first()


def known_paths(models: Iterable[KnownModel]) -> list[str]:
    """Every setting that one of the models has told of, in the device's own spelling."""
    return sorted({path for model in models for path, _space in model.settings.values()})


def _documents_of(product: str, version: str) -> tuple[tuple[str, int, datetime], ...]:
    """By which it is seen that a model has told something new."""
    rows = StoredDocument.objects.filter(
        kind__in=[StoredDocument.Kind.VALUESPACE, StoredDocument.Kind.COMMAND],
        system__product=product,
        system__software_version=version,
    )
    told = rows.order_by("kind").values_list("kind").annotate(newest=Max("pk"), at=Max("received_at"))
    return tuple(told)


@lru_cache(maxsize=100)
def _reported(
    product: str, version: str, newest: tuple[int, str], documents: tuple[tuple[str, int, datetime], ...]
) -> tuple[dict[str, tuple[str, ValueSpace | None]], Mapping[str, CommandDescription]]:
    """What stands in the model's documents, decoded once as long as these are the newest."""
    reported = unpack_configuration(ConfigurationVersion.objects.get(pk=newest[0]))
    kinds = {kind for kind, _, _ in documents}
    spaces = value_spaces_of_model(product, version) if StoredDocument.Kind.VALUESPACE in kinds else {}
    settings = {
        match_key(path): (path, spaces.get(reported.value_spaces.get(path, ""))) for path in reported.settings
    }
    commands = commands_of_model(product, version) if StoredDocument.Kind.COMMAND in kinds else {}
    return settings, commands


def suggest(models: Iterable[KnownModel], words: str, *, limit: int = 30) -> list[Suggestion]:
    """The settings whose path holds all the words, by path."""
    wanted = words.lower().replace("/", " ").replace("[", " ").replace("]", " ").split()
    found: dict[str, Suggestion] = {}
    for model in models:
        for key, (path, space) in model.settings.items():
            if all(word in key for word in wanted):
                suggestion = found.setdefault(key, Suggestion(path, space))
                suggestion.models.append(str(model))
                suggestion.space = suggestion.space or space
    return sorted(found.values(), key=lambda one: one.path.lower())[:limit]


def find_setting(models: Iterable[KnownModel], path: str) -> Suggestion | None:
    """The setting that the path spells; None where no model has it."""
    try:
        key = match_key(path)
    except ValueError:
        return None
    found: Suggestion | None = None
    for model in models:
        if (own := model.settings.get(key)) is None:
            continue
        found = found or Suggestion(*own)
        found.models.append(str(model))
        found.space = found.space or own[1]
    return found


def suggest_commands(
    models: Iterable[KnownModel], words: str, *, limit: int = 30
) -> list[CommandDescription]:
    """The commands whose path holds all the words, by path."""
    wanted = words.lower().replace("/", " ").split()
    found: dict[str, CommandDescription] = {}
    for model in models:
        for key, command in model.commands.items():
            if all(word in key for word in wanted):
                found.setdefault(key, command)
    return sorted(found.values(), key=lambda one: one.path.lower())[:limit]


@dataclass(frozen=True, slots=True)
class Remark:
    """What a model says to a setting or a command: that it lacks it, or does not allow the value."""

    model: str
    systems: int
    sentence: str


def remarks_on_setting(models: Sequence[KnownModel], path: str, value: str | None) -> list[Remark]:
    """What the known models have against the setting; `value` None where it is not known or has variables."""
    key = match_key(path)
    found = []
    for model in models:
        own = model.settings.get(key)
        if own is None:
            found.append(Remark(str(model), model.systems, _("not on this device")))
        elif value is not None and own[1] is not None and (refusal := own[1].refusal(value)):
            found.append(Remark(str(model), model.systems, refusal))
    return found


def remarks_on_command(models: Iterable[KnownModel], command: TemplateCommand) -> list[Remark]:
    """What the models that have told their commands have against this one; variables are left to the plan."""
    texts = [one for _, value in command.arguments for one in ([value] if isinstance(value, str) else value)]
    found = []
    for model in models:
        known = model.commands.get(command.command.lower())
        has_variables = any(names_in(text) for text in texts)
        if not model.commands or (known is not None and has_variables):
            continue
        if refusal := refusal_of_command(known, command.arguments, command.body):
            found.append(Remark(str(model), model.systems, refusal))
    return found
