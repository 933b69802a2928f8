"""The mapping report of a template as programs are told it, and what applying one came to."""

from collections.abc import Iterable
from typing import Final

from pydantic import BaseModel
from pydantic import Field as Described

from roomkeeper.configuration_templates import mapping
from roomkeeper.configuration_templates.applying import AppliedTemplate

_LISTED_PROBLEMS: Final = 100


class MappedItemOut(BaseModel):
    """One setting or command of one system. `path` is as the template spells it, `own_path` as the device does."""

    kind: str
    path: str
    own_path: str
    value: str
    verdict: str = Described(description="`change`, `run`, `already` or `cannot`.")
    cause: str = Described(description="Why not, as a word; empty if it can.")
    reason: str


class MappedSystemOut(BaseModel):
    """What the template would do to one system."""

    system: int
    name: str
    verdict: str
    items: list[MappedItemOut]


class ModelLineOut(BaseModel):
    """Something that systems of a model cannot have."""

    path: str
    value: str
    cause: str
    reason: str
    systems: int


class MappedModelOut(BaseModel):
    """What the template would do to the systems of one model, summed up."""

    product: str
    software_version: str
    systems: int
    verdicts: dict[str, int]
    respelled: dict[str, str] = Described(description="Settings that the model spells differently, and how.")
    cannot: list[ModelLineOut]


class MappingOut(BaseModel):
    """The mapping report; nothing was recorded."""

    counts: dict[str, int] = Described(description="Systems by verdict: `change`, `already`, `cannot`.")
    causes: dict[str, int] = Described(description="Settings and commands that cannot be, by cause.")
    models: list[MappedModelOut]
    systems: list[MappedSystemOut]


class AppliedOut(BaseModel):
    """What applying a template came to."""

    change_set: int | None
    actions: list[int]
    refused: list[str]
    counts: dict[str, int]


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


def tell_applied(applied: AppliedTemplate) -> AppliedOut:
    """What applying came to as it is told."""
    return AppliedOut(
        change_set=applied.change_set.pk if applied.change_set else None,
        actions=applied.actions,
        refused=applied.refused[:_LISTED_PROBLEMS],
        counts=dict(applied.report.counts),
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
