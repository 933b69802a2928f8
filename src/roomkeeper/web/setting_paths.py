"""The setting paths that forms complete while somebody types."""

from django.http import HttpRequest

from roomkeeper.configuration_templates.known_settings import known_models
from roomkeeper.web.access import visible_systems


def known_paths(request: HttpRequest) -> list[str]:
    """Every setting that a model among the systems she may see has told of, in the device's own spelling."""
    models = known_models(visible_systems(request))
    return sorted({path for model in models for path, _ in model.settings.values()})
