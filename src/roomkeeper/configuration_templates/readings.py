"""What programs are told of templates beside their rows: differences, an export, and what could stand in one."""

from typing import Any, Final

from roomkeeper.accounts.permissions import grants_of
from roomkeeper.configuration_templates import comparing, known_settings, telling
from roomkeeper.configuration_templates.acting import get_version
from roomkeeper.configuration_templates.content import content_of
from roomkeeper.configuration_templates.files import about_template, encode_template
from roomkeeper.configuration_templates.models import ConfigurationTemplate
from roomkeeper.configuration_templates.telling import DifferenceOut, SuggestionOut
from roomkeeper.operations.acts import Input
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.readings import Reading
from roomkeeper.systems.surface import visible


def _compare(row: ConfigurationTemplate, *, user: Any, old: int, new: int | None) -> list[Any]:
    return comparing.compare(content_of(get_version(row, old)), content_of(get_version(row, new)))


def _export(row: ConfigurationTemplate, *, user: Any, version: int | None) -> dict[str, Any]:
    return encode_template(about_template(row), content_of(get_version(row, version)))


def _suggest(*, user: Any, search: str, limit: int) -> list[SuggestionOut]:
    models = known_settings.known_models(visible(grants_of(user)))
    return telling.suggestions(models, search, limit=limit)


TEMPLATE_READINGS: Final = (
    Reading(
        name="list_differences",
        at="differences",
        summary="List what differs between two versions of a template; without `new` the one in force.",
        gives=list[DifferenceOut],
        read=_compare,
        takes=(
            Input(name="old", type=Identifier),
            Input(name="new", type=Identifier | None, default=None),
        ),
    ),
    Reading(
        name="export_template",
        at="export",
        summary="Export a template as JSON, without its secrets; `POST templates/import` takes it.",
        gives=dict[str, Any],
        read=_export,
        takes=(Input(name="version", type=Identifier | None, default=None),),
    ),
    Reading(
        name="suggest_settings",
        at="suggestions",
        on="all",
        summary="List settings and commands that managed systems have, with what they may hold: completion.",
        gives=list[SuggestionOut],
        read=_suggest,
        takes=(
            Input(name="search", default="", most=200, meaning="Words that the path must contain."),
            Input(name="limit", type=int, default=30, least=1, most=200),
        ),
    ),
)
