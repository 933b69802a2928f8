"""Templates as a layer of the wanted configuration: which are assigned to a system, and what they offer it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import F

from roomkeeper.configuration_templates import content, variables
from roomkeeper.configuration_templates.content import Content, TemplateSetting
from roomkeeper.configuration_templates.model_limits import Model, limits_of
from roomkeeper.configuration_templates.models import (
    ConfigurationTemplate,
    TemplateAssignment,
    TemplateVersion,
)
from roomkeeper.configuration_templates.system_facts import facts_of
from roomkeeper.configuration_templates.variables import SystemFacts
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xapi.valuespace import ValueSpace
from roomkeeper.provisioning import sources
from roomkeeper.provisioning.sources import Enforcement, Offer
from roomkeeper.systems.documents import HIDDEN
from roomkeeper.systems.inventory import labels_of, tags_of
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _

LAYER: Final = "template"
ORDER: Final = 30
_CHUNK: Final = 500
# Whatever is stored is older than what is only assumed.
_NOT_STORED: Final = 2**63


@dataclass(frozen=True, slots=True)
class ApplyingTemplate:
    """That a template applies to a system, and by what, in words (`folder Oslo / HQ`)."""

    template: ConfigurationTemplate
    by: str


def offers_of(system_ids: Sequence[int]) -> Mapping[int, list[Offer]]:
    """What the newest versions of the assigned templates want of each system, the winning first."""
    return {pk: [offer for _, offer in found] for pk, found in offers_by_template(system_ids).items()}


def offers_by_template(
    system_ids: Sequence[int], *, assuming: Sequence[TemplateAssignment] = ()
) -> dict[int, list[tuple[int, Offer]]]:
    """The same as (template id, offer); `assuming` are assignments that are not stored."""
    applied = applied_to(system_ids, assuming=assuming)
    if not applied:
        return {}
    held = newest_contents({one.template.pk for found in applied.values() for one in found})
    names = {name for one in held.values() for name in one.variables()}
    facts = facts_of(list(applied), names)
    models = _models(list(applied))
    limits = limits_of(set(models.values()))
    offers: dict[int, list[tuple[int, Offer]]] = {}
    for system_id, found in applied.items():
        mine: list[tuple[int, Offer]] = []
        for one in found:
            why = _(
                "template {name} v{newest}, by {by}",
                name=one.template.name,
                newest=one.template.newest,
                by=one.by,
            )
            enforcement = Enforcement(one.template.enforcement)
            for setting in held.get(one.template.pk, Content()).settings:
                space = limits.get(models[system_id], {}).get(match_key(setting.path))
                offer = _offer(setting, facts[system_id], space, why, enforcement)
                if offer is not None:
                    mine.append((one.template.pk, offer))
        offers[system_id] = mine
    return offers


def _offer(
    setting: TemplateSetting,
    facts: SystemFacts,
    space: ValueSpace | None,
    why: str,
    enforcement: Enforcement,
) -> Offer | None:
    if setting.value is None:
        return None
    value = setting.value
    if variables.has_variables(value):
        filled = variables.fill(value, facts)
        # The plan tells of it; a value with a hole in it is nobody's wish.
        if filled.problems:
            return None
        value = filled.value
    # Nor is one that the model refuses: it would be asked for, refused and asked for again.
    if space is not None and space.refusal(value):
        return None
    shown = HIDDEN if setting.is_secret else value
    return Offer(setting.path, shown, why, enforcement, setting.is_secret)


def applied_to(
    system_ids: Sequence[int], *, assuming: Sequence[TemplateAssignment] = ()
) -> dict[int, list[ApplyingTemplate]]:
    """The templates assigned to each of these systems, the winning first; systems without any are left out."""
    rows = (
        TemplateAssignment.objects.filter(template__newest__gt=0)
        .select_related("template__folder", "folder")
        .order_by("order", "id")
    )
    assignments = list(rows.filter(system=None))
    for start in range(0, len(system_ids), _CHUNK):
        assignments += rows.filter(system__in=system_ids[start : start + _CHUNK])
    assignments += assuming
    if not assignments:
        return {}
    by_system: dict[int, list[TemplateAssignment]] = defaultdict(list)
    by_tag: dict[str, list[TemplateAssignment]] = defaultdict(list)
    by_folder: dict[str, list[TemplateAssignment]] = defaultdict(list)
    for one in assignments:
        if one.system_id is not None:
            by_system[one.system_id].append(one)
        elif one.folder is not None:
            by_folder[one.folder.path].append(one)
        else:
            by_tag[one.tag].append(one)
    tags = tags_of(system_ids) if by_tag else {}
    labels = labels_of(by_folder) if by_folder else {}
    found: dict[int, list[ApplyingTemplate]] = {}
    for pk, path in _folder_paths(system_ids):
        chosen: list[tuple[tuple[int, ...], TemplateAssignment, str]] = []
        for one in by_system.get(pk, ()):
            chosen.append(((0, 0, one.order, one.pk or _NOT_STORED), one, _("this system")))
        for tag in tags.get(pk, ()):
            chosen += [
                ((1, 0, one.order, one.pk or _NOT_STORED), one, _("tag {tag}", tag=tag))
                for one in by_tag.get(tag, ())
            ]
        for place in _above(path) if by_folder else ():
            for one in by_folder.get(place, ()):
                chosen.append(
                    (
                        (2, -len(place), one.order, one.pk or _NOT_STORED),
                        one,
                        _("folder {labels}", labels=labels[place]),
                    )
                )
        # A template reaches no system outside its own folder.
        chosen = [one for one in chosen if path.startswith(one[1].template.folder.path)]
        if chosen:
            chosen.sort(key=lambda one: one[0])
            found[pk] = [ApplyingTemplate(one.template, by) for _, one, by in chosen]
    return found


def newest_contents(template_ids: Collection[int]) -> dict[int, Content]:
    """What the newest version of each of these templates holds, secrets in clear."""
    versions = TemplateVersion.objects.filter(template__in=template_ids, number=F("template__newest"))
    return {version.template_id: content.content_of(version) for version in versions}


@dataclass(frozen=True, slots=True)
class Stronger:
    """A wish for a setting that stands above a template's; `value` is None where it is a secret."""

    value: str | None
    why: str


def stronger_wishes(
    system_ids: Sequence[int], template_id: int | None, *, assuming: Sequence[TemplateAssignment] = ()
) -> dict[int, dict[str, Stronger]]:
    """By system and match key, what is kept so there by something else than this template: persistent settings, and
    assigned templates that win over it (all of them, where it is not assigned there)."""
    found: dict[int, dict[str, Stronger]] = defaultdict(dict)
    for system_id, offers in sources.collect(system_ids, without=LAYER).items():
        for _rest, offer in offers:
            found[system_id].setdefault(match_key(offer.path), _stronger(offer))
    for system_id, own_offers in offers_by_template(system_ids, assuming=assuming).items():
        seen: set[str] = set()
        for owner, offer in own_offers:
            key = match_key(offer.path)
            if key not in seen and owner != template_id:
                found[system_id].setdefault(key, _stronger(offer))
            seen.add(key)
    return found


def _stronger(offer: Offer) -> Stronger:
    return Stronger(None if offer.is_secret else offer.value, offer.why)


def _above(path: str) -> list[str]:
    """The paths of a folder and of all above it, the nearest first: `/4/9/`, `/4/`, `/`."""
    parts = [part for part in path.split("/") if part]
    return ["/" + "".join(f"{part}/" for part in parts[:number]) for number in range(len(parts), -1, -1)]


def _models(system_ids: Sequence[int]) -> dict[int, Model]:
    found: dict[int, Model] = {}
    for start in range(0, len(system_ids), _CHUNK):
        part = System.objects.filter(pk__in=system_ids[start : start + _CHUNK])
        found |= {
            pk: (product, version)
            for pk, product, version in part.values_list("pk", "product", "software_version")
        }
    return found


def _folder_paths(system_ids: Sequence[int]) -> list[tuple[int, str]]:
    rows: list[tuple[int, str]] = []
    for start in range(0, len(system_ids), _CHUNK):
        part = System.objects.filter(pk__in=system_ids[start : start + _CHUNK])
        rows += part.values_list("pk", "folder__path")
    return rows
