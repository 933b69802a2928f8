"""Which fields of a source are what of an entry, as acts take it."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from roomkeeper.operations.acts import Input
from roomkeeper.phonebooks.mapping import PARTS


class MappedField(BaseModel):
    """What a field of the source's records is."""

    model_config = ConfigDict(extra="forbid")

    part: Literal["name", "note", "sip", "h323", "e164", "ip", "isdn", "telephone", "bandwidth"]
    field: Annotated[str, StringConstraints(min_length=1, max_length=255)]


MAPPING: Final = Input(
    name="mapping",
    type=list[MappedField],
    default=(),
    most=100,
    meaning="PART@FIELD, as name@displayName, repeated; of several fields of one part the first that holds something"
    f" counts first. Parts are {', '.join(PARTS)}. None: as it was, or as it is suggested for sources of that kind.",
    label="Fields",
    parts=(
        Input(name="part", label="What it is", choices=tuple((one, one) for one in PARTS)),
        Input(name="field", label="Field"),
    ),
)


def pairs_of(mapping: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """A mapping as it is taken, as it is kept."""
    return [[one["part"], one["field"]] for one in mapping]
