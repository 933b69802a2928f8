"""The mapping report of a template as the API tells it."""

from collections.abc import Iterable

from ninja import Schema
from pydantic import Field

from roomkeeper.configuration_templates import mapping


class MappedItemOut(Schema):
    """One setting or command of one system. `path` is as the template spells it, `own_path` as the device does."""

    kind: str
    path: str
    own_path: str
    value: str
    verdict: str = Field(description="`change`, `run`, `already` or `cannot`.")
    cause: str = Field(description="Why not, as a word; empty if it can.")
    reason: str


class MappedSystemOut(Schema):
    """What the template would do to one system."""

    system: int
    name: str
    verdict: str
    items: list[MappedItemOut]


class ModelLineOut(Schema):
    """Something that systems of a model cannot have."""

    path: str
    value: str
    cause: str
    reason: str
    systems: int


class MappedModelOut(Schema):
    """What the template would do to the systems of one model, summed up."""

    product: str
    software_version: str
    systems: int
    verdicts: dict[str, int]
    respelled: dict[str, str] = Field(description="Settings that the model spells differently, and how.")
    cannot: list[ModelLineOut]


class MappingOut(Schema):
    """The mapping report; nothing was recorded."""

    counts: dict[str, int] = Field(description="Systems by verdict: `change`, `already`, `cannot`.")
    causes: dict[str, int] = Field(description="Settings and commands that cannot be, by cause.")
    models: list[MappedModelOut]
    systems: list[MappedSystemOut]


def tell_report(report: mapping.MappingReport, *, with_items: bool = True) -> MappingOut:
    """The mapping report as it is told."""
    return MappingOut(
        counts=dict(report.counts),
        causes=dict(report.causes),
        models=[
            MappedModelOut(
                product=one.product,
                software_version=one.software_version,
                systems=one.systems,
                verdicts=dict(one.verdicts),
                respelled=one.respelled,
                cannot=[
                    ModelLineOut(
                        path=line.name,
                        value=line.shown,
                        cause=line.cause,
                        reason=line.reason,
                        systems=line.systems,
                    )
                    for line in one.lines.values()
                ],
            )
            for one in report.models.values()
        ],
        systems=[
            MappedSystemOut(
                system=one.system.pk,
                name=str(one.system),
                verdict=one.verdict,
                items=list(_items(one)) if with_items else [],
            )
            for one in report.systems
        ],
    )


def _items(found: mapping.SystemMapping) -> Iterable[MappedItemOut]:
    for one in found.items:
        yield MappedItemOut(
            kind="setting",
            path=one.path,
            own_path=one.own_path,
            value=one.shown,
            verdict=one.verdict,
            cause=one.cause,
            reason=one.reason,
        )
    for command in found.commands:
        name = command.command.command
        yield MappedItemOut(
            kind="command",
            path=name,
            own_path=name,
            value=command.command.shown,
            verdict=command.verdict,
            cause=command.cause,
            reason=command.reason,
        )
