"""Readings: what is told of one object beside its row, at an address of its own, worked out when it is asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from roomkeeper.accounts.permissions import Permission
from roomkeeper.operations.acts import Input


class Told(BaseModel):
    """The base of what a reading gives; made of a mapping or of any object that has its fields."""

    model_config = ConfigDict(from_attributes=True)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """What is told of one object, or (`on` "all") of a subject as a whole.

    `name` is what a program's method is called, `at` stands behind the object's address and may name something below it
    (`parts/{int:part_id}`). `read(row, user=, **taken)` gives what is of the `type`, or something that has its fields;
    it raises `NotSeen` for what there is not, and its own refusals. `needs` is the permission on the row's folder where
    that of seeing it is not enough. `other_forms` give the same by another media type, as text.
    """

    name: str
    at: str
    summary: str
    gives: Any
    read: Callable[..., Any]
    on: Literal["one", "all"] = "one"
    takes: tuple[Input, ...] = ()
    needs: Permission | None = None
    refused: tuple[type[ValueError], ...] = ()
    other_forms: Mapping[str, Callable[..., str | bytes]] = field(default_factory=dict)
