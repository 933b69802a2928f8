"""What the models allow, kept at hand for the layer: of a model nothing is wanted that it refuses.

Worked out from what one system of the model reported; every system of one release has the same.
"""

from collections.abc import Collection, Mapping
from typing import Final, TypeAlias

from django.db.models import Max

from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xapi.valuespace import ValueSpace
from roomkeeper.systems.documents import unpack_configuration, value_spaces_of_model
from roomkeeper.systems.models import ConfigurationVersion, StoredDocument

Model: TypeAlias = "tuple[str, str]"
Limits: TypeAlias = Mapping[str, ValueSpace]

_KEPT: Final = 300
_known: dict[tuple[Model, int], Limits] = {}


def limits_of(models: Collection[Model]) -> dict[Model, Limits]:
    """Of each model that has told them, value spaces by match key; one statement where all are at hand."""
    rows = (
        StoredDocument.objects.filter(
            kind=StoredDocument.Kind.VALUESPACE, system__product__in={product for product, _ in models}
        )
        .order_by()
        .values_list("system__product", "system__software_version")
        .annotate(newest=Max("pk"))
    )
    found: dict[Model, Limits] = {}
    for product, version, newest in rows:
        model = (product, version)
        if model not in models or not all(model):
            continue
        if (model, newest) not in _known and (limits := _read(model)):
            if len(_known) >= _KEPT:
                _known.clear()
            _known[model, newest] = limits
        found[model] = _known.get((model, newest), {})
    return found


def _read(model: Model) -> Limits:
    product, version = model
    sample = (
        ConfigurationVersion.objects.filter(system__product=product, system__software_version=version)
        .order_by("-id")
        .first()
    )
    if sample is None:
        return {}
    references = unpack_configuration(sample).value_spaces
    # Of a model whose configuration refers to none, nothing is kept, and it is looked at again each time.
    spaces = value_spaces_of_model(product, version) if references else {}
    return {match_key(path): spaces[name] for path, name in references.items() if name in spaces}
