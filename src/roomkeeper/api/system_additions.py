"""Adding systems: pre-registration by MAC address or serial number, one or many."""

import ipaddress
from collections.abc import Callable
from typing import Any, Self

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field, ModelWrapValidatorHandler, model_validator

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.api.problems import Invalid, Problem, ProblemOut, problem_of, refused_as
from roomkeeper.api.reach import Identifier, get_folder
from roomkeeper.api.routing import user_of
from roomkeeper.api.system_fields import SystemOut
from roomkeeper.api.systems import routes, tell
from roomkeeper.systems import admission, inventory
from roomkeeper.systems.models import System

MOST_AT_ONCE = 1000


class SystemIn(Schema, extra="forbid"):
    """A system to register before it phones home: by `mac_address`, `serial_number` or both."""

    mac_address: str = Field("", max_length=64, description="With or without separators.")
    serial_number: str = Field("", max_length=64)
    name: str = Field("", max_length=50)
    folder: Identifier | None = Field(None, description="Without it: the root folder.")
    tags: list[str] = Field([], max_length=50)
    network: str = Field("", max_length=64, description="CIDR from which it may be admitted without HTTPS.")
    hint_address: str = Field("", max_length=64, description="Its expected address: a hint for a person.")
    host: str = Field("", max_length=255)
    http_port: int | None = Field(None, ge=1, le=65_535)
    https_port: int | None = Field(None, ge=1, le=65_535)
    username: str = Field("", max_length=128)
    password: str = Field("", max_length=1000, description="Written, never read back.")
    password_may_use_http: bool = False
    is_secure_only: bool | None = Field(None, description="Without it: as network settings say.")


class SystemsIn(Schema, extra="forbid"):
    """Many systems to register."""

    # Each is looked at by itself, so that one that cannot be used does not refuse the others.
    systems: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_AT_ONCE)

    @model_validator(mode="wrap")
    @classmethod
    def _take_array(cls, found: Any, go_on: ModelWrapValidatorHandler[Self]) -> Self:
        """The list alone is understood, too."""
        return go_on({"systems": found} if isinstance(found, list) else found)


class AddedItem(Schema):
    """What became of one item, in the order of the request."""

    status: int = Field(description="201, or the status of `problem`.")
    system: int | None
    problem: ProblemOut | None


class AddedItems(Schema):
    """What became of each item."""

    items: list[AddedItem]


@routes.post("", response={201: SystemOut})
@needs(Permission.ADMIT, anywhere=True)
def add_system(request: HttpRequest, details: SystemIn, response: HttpResponse) -> Status[SystemOut]:
    """Register a system by its MAC address or serial number before it phones home."""
    user = user_of(request)
    system = _add(user, details)
    response["Location"] = f"/api/v1/systems/{system.pk}"
    return Status(201, tell(user, system.pk))


@routes.post("/bulk", response=AddedItems)
@needs(Permission.ADMIT, anywhere=True)
def add_systems(request: HttpRequest, details: SystemsIn) -> AddedItems:
    """Register many systems; each succeeds or fails by itself."""
    user = user_of(request)
    items = []
    for one in details.systems:
        try:
            items.append(
                AddedItem(status=201, system=_add(user, SystemIn.model_validate(one)).pk, problem=None)
            )
        except Exception as error:  # noqa: BLE001 - every item answers for itself, as a request of its own would
            items.append(failed_item(AddedItem, error, system=None))
    return AddedItems(items=items)


def failed_item(kind: type[Any], error: Exception, **fields: Any) -> Any:
    """An item of a bulk answer that tells why it failed."""
    problem: Problem = problem_of(error)
    return kind(status=problem.status, problem=ProblemOut(**problem.content()), **fields)


def _add(user: User, details: SystemIn) -> System:
    if not details.mac_address.strip() and not details.serial_number.strip():
        if details.host.strip() or details.hint_address.strip():
            raise Invalid(
                "Adding a system by its address alone is not available in this version: register it by its "
                "MAC address or its serial number.",
                kind="adding-by-address",
                errors=[("body.mac_address", "missing"), ("body.serial_number", "missing")],
                hint="Or point the endpoint at this server: it then waits in the inbox, to be approved.",
            )
        raise Invalid(
            "A system is registered by its MAC address or its serial number.",
            errors=[("body.mac_address", "missing"), ("body.serial_number", "missing")],
        )
    _check(details)
    folder = get_folder(user, details.folder, Permission.ADMIT) if details.folder else inventory.root_folder()
    demand(user, Permission.ADMIT, folder.path)
    values = details.dict(exclude={"folder", "hint_address"})
    with transaction.atomic(), refused_as(409, admission.AdmissionRefused):
        system = admission.pre_register(
            user=user,
            now=timezone.now(),
            folder=folder,
            hint_address=details.hint_address.strip() or None,
            **values,
        )
        audit.record(
            user,
            "api",
            "pre-register system",
            system,
            mac_address=system.mac_address,
            serial_number=system.serial_number,
            folder=folder.pk,
        )
    return system


def _check(details: SystemIn) -> None:
    """Raise `Invalid` for addresses that are none."""
    errors = []
    parsers: dict[str, Callable[[str], object]] = {
        "mac_address": inventory.normalize_mac,
        "network": lambda text: ipaddress.ip_network(text, strict=False),
        "hint_address": ipaddress.ip_address,
    }
    for name, parse in parsers.items():
        text = getattr(details, name).strip()
        try:
            if text:
                parse(text)
        except ValueError as error:
            errors.append((f"body.{name}", str(error)))
    if errors:
        raise Invalid("An address cannot be used.", errors=errors)
