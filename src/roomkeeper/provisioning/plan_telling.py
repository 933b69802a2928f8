"""What asking settings of systems would do, and undoing it, as programs are told."""

from pydantic import BaseModel, Field

from roomkeeper.provisioning.planning import ChangePlan
from roomkeeper.provisioning.undoing import UndoPlan


class PlannedItemOut(BaseModel):
    """The outcome for one setting of one system."""

    path: str
    value: str | None
    verdict: str = Field(description="`change`, `already` or `cannot`.")
    reason: str


class PlannedChangeOut(BaseModel):
    """The outcome for one system."""

    system: int
    items: list[PlannedItemOut]


class PlanOut(BaseModel):
    """What a change set would do; nothing was recorded."""

    counts: dict[str, int] = Field(description="Systems by verdict: `change`, `already`, `cannot`.")
    changes: list[PlannedChangeOut]


class LeftOutOut(BaseModel):
    """A setting that undoing does not restore."""

    system: int
    path: str
    reason: str


class UndoPlanOut(PlanOut):
    """What undoing would do; nothing was recorded."""

    left_out: list[LeftOutOut]


def tell_plan(plan: ChangePlan) -> PlanOut:
    """The plan, unchecked: looking at it once more takes longer than planning for ten thousand systems."""
    return PlanOut.model_construct(
        counts=dict(plan.counts),
        changes=[
            PlannedChangeOut.model_construct(
                system=change.system.pk,
                items=[
                    PlannedItemOut.model_construct(
                        path=item.path, value=item.value, verdict=item.verdict, reason=item.reason
                    )
                    for item in change.items
                ],
            )
            for change in plan.per_system
        ],
    )


def tell_left_out(plan: UndoPlan) -> list[LeftOutOut]:
    """What undoing would not restore."""
    return [LeftOutOut(system=one.system.pk, path=one.path, reason=one.reason) for one in plan.left_out]


def tell_undo(plan: UndoPlan) -> UndoPlanOut:
    """What undoing would do."""
    told = tell_plan(plan.plan)
    return UndoPlanOut.model_construct(counts=told.counts, changes=told.changes, left_out=tell_left_out(plan))
