"""Adding systems, one or many: by address, or registered by MAC address or serial number before they phone home."""

import ipaddress
import json
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Self

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field, ModelWrapValidatorHandler, create_model, model_validator

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.adding import service
from roomkeeper.adding.targets import AddingTarget, Targets, merge
from roomkeeper.api.activation_codes import ActivationCodeOut, tell_code
from roomkeeper.api.adding_fields import (
    AddingWarning,
    HowToAdd,
    problem_of_item,
    request_of,
    waiting_time,
    warnings_of,
)
from roomkeeper.api.jobs import JobOut, accepted
from roomkeeper.api.problems import ApiProblem, Invalid, ProblemOut, problem_of, refused_as
from roomkeeper.api.reach import get_folder
from roomkeeper.api.routing import user_of
from roomkeeper.api.systems import SystemOut, routes, tell
from roomkeeper.api.trial import trial
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job
from roomkeeper.systems import admission, inventory
from roomkeeper.systems.addresses import network_of
from roomkeeper.systems.admission import activation
from roomkeeper.systems.inventory.hosts import HostRefused, parse_host
from roomkeeper.systems.models import System

MOST_AT_ONCE = 1000
# What each system of a job says for itself.
_OF_ITS_OWN = {
    *("host", "http_port", "https_port", "username", "password", "name", "tags"),
    *("mac_address", "serial_number", "network", "hint_address", "activation_code"),
}
# What is kept of a system that is registered.
_REGISTERED = {
    *("mac_address", "serial_number", "name", "tags", "network", "http_port", "https_port"),
    *("username", "password", "password_may_use_http", "is_secure_only"),
}


class SystemIn(HowToAdd):
    """A system to add by its `host`, where it has to have `mac_address` and `serial_number` if they are given; or,
    without a host, to register by these before it phones home. What is said on how to meet it is for the first."""

    mac_address: str = Field("", max_length=64, description="With or without separators.")
    serial_number: str = Field("", max_length=64)
    name: str = Field("", max_length=50)
    network: str = Field("", max_length=64, description="CIDR from which it is admitted with its first post.")
    activation_code: bool = Field(
        False,
        description="Create a one-time code that admits it from anywhere when entered in its manager path.",
    )
    hint_address: str = Field("", max_length=64, description="Its expected address: a hint for people.")
    host: str = Field("", max_length=255, description="Address or name, without a port.")
    username: str = Field("", max_length=128)
    password: str = Field("", max_length=1000, description="Write-only.")

    @property
    def is_by_address(self) -> bool:
        """Whether it is to be met now; registering needs nothing but an identity."""
        return bool(self.host.strip())


class SystemsIn(Schema, extra="forbid"):
    """Many systems to add or register."""

    # Each is looked at by itself, so that one that cannot be used does not refuse the others.
    systems: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_AT_ONCE)
    dry_run: bool = Field(False, description="Only show the outcome for each; nothing is added.")

    @model_validator(mode="wrap")
    @classmethod
    def _take_array(cls, found: Any, go_on: ModelWrapValidatorHandler[Self]) -> Self:
        """The list alone is understood, too."""
        return go_on({"systems": found} if isinstance(found, list) else found)


class AddedItem(Schema):
    """The outcome for one item, in the order of the request."""

    status: int = Field(description="201; 202 for those that `job` adds; or the status of `problem`.")
    system: int | None
    problem: ProblemOut | None
    job: int | None = None
    activation_code: ActivationCodeOut | None = None


class AddedItems(Schema):
    """The outcome for each item."""

    items: list[AddedItem]


AddedSystem: Any = create_model(
    "AddedSystem",
    __base__=SystemOut,
    __doc__="The system that was added or registered; `warnings` say what is left to do for it.",
    warnings=(list[AddingWarning], []),
    activation_code=(ActivationCodeOut | None, None),
)


@routes.post("", response={201: AddedSystem, 202: JobOut})
@needs(Permission.ADMIT, anywhere=True)
def add_system(request: HttpRequest, details: SystemIn, response: HttpResponse) -> Any:
    """Add a system by its address, or register it before it phones home.

    By its address it is met now, by a job: 201 if that ends within 25 seconds (or those of `Prefer: wait=10`), else
    202 with the job; `Prefer: respond-async` has 202 at once.
    """
    user = user_of(request)
    if not details.is_by_address:
        system, code = _register(user, details)
        return _created(user, system.pk, [], response, code)
    job = _start(user, [(details, _target(details))])
    waited = waiting_time(request)
    if waited:
        job = work.wait_for(job.pk, timedelta(seconds=waited))
    if job.state not in Job.ENDED:
        return Status(202, accepted(job, response))
    item = job.items.get()
    if item.system_id is None or item.details.get("result") != "added":
        raise problem_of_item(item)
    return _created(user, item.system_id, warnings_of(item), response)


@routes.post("/bulk", response=AddedItems)
@needs(Permission.ADMIT, anywhere=True)
def add_systems(request: HttpRequest, details: SystemsIn) -> AddedItems:
    """Add or register many systems; each succeeds or fails separately. Those with a `host` become a job."""
    user = user_of(request)
    items: list[AddedItem] = []
    waiting: dict[str, list[tuple[int, SystemIn, AddingTarget]]] = defaultdict(list)
    for number, one in enumerate(details.systems):
        try:
            system = SystemIn.model_validate(one)
            if system.is_by_address:
                target = _target(system)
                waiting[_manner(system)].append((number, system, target))
                items.append(AddedItem(status=202, system=None, problem=None))
            else:
                with trial(details.dry_run):
                    made, code = _register(user, system)
                item = AddedItem(status=201, system=None, problem=None)
                if not details.dry_run:
                    item.system, item.activation_code = made.pk, code
                items.append(item)
        except Exception as error:  # noqa: BLE001 - every item answers for itself, as a request of its own would
            items.append(failed_item(AddedItem, error, system=None))
    # Those that are to be met alike are one job.
    for alike in waiting.values():
        try:
            with trial(details.dry_run):
                job = _start(user, [(system, target) for _, system, target in alike])
        except Exception as error:  # noqa: BLE001 - likewise
            for number, _, _ in alike:
                items[number] = failed_item(AddedItem, error, system=None)
        else:
            for number, _, _ in alike:
                items[number].job = None if details.dry_run else job.pk
    return AddedItems(items=items)


def failed_item(kind: type[Any], error: Exception, **fields: Any) -> Any:
    """An item of a bulk answer that tells why it failed."""
    problem: ApiProblem = problem_of(error)
    return kind(status=problem.status, problem=ProblemOut(**problem.content()), **fields)


def _created(
    user: User,
    system_id: int,
    warnings: list[AddingWarning],
    response: HttpResponse,
    code: ActivationCodeOut | None = None,
) -> Status[Any]:
    response["Location"] = f"/api/v1/systems/{system_id}"
    told = tell(user, system_id)
    return Status(201, AddedSystem(**told, warnings=warnings, activation_code=code))


def _start(user: User, systems: list[tuple[SystemIn, AddingTarget]]) -> Job:
    """The job that adds these systems, which are to be met alike."""
    first, _ = systems[0]
    targets = Targets(merge(target for _, target in systems))
    # What one system alone may have stands in its own target.
    how = first.model_copy(update={"tags": [], "http_port": None, "https_port": None})
    with refused_as(422, service.AddingRefused), transaction.atomic():
        job = service.start(request_of(user, how, targets), user=user, now=timezone.now())
        audit.record(user, "api", "add systems", job, count=len(targets.targets), addresses=job.title)
    return job


def _target(details: SystemIn) -> AddingTarget:
    """The system as a target; raises `Invalid` for a host or an identity that is none."""
    found = _read_addresses(details)
    with refused_as(422, HostRefused, field="body.host"):
        host = parse_host(details.host)
    return AddingTarget(
        host,
        http_port=details.http_port,
        https_port=details.https_port,
        username=details.username,
        password=details.password,
        name=details.name.strip(),
        tags=tuple(details.tags),
        mac_address=found.get("mac_address", ""),
        serial_number=details.serial_number.strip(),
    )


def _manner(details: SystemIn) -> str:
    """Equal for systems that are to be met alike."""
    return json.dumps(details.dict(exclude=_OF_ITS_OWN), sort_keys=True)


def _register(user: User, details: SystemIn) -> tuple[System, ActivationCodeOut | None]:
    if not any(text.strip() for text in (details.mac_address, details.serial_number, details.hint_address)):
        raise Invalid(
            "A system is added by its host, or pre-registered by its MAC address, its serial number, or"
            " the address where"
            " it is expected.",
            errors=[(f"body.{name}", "missing") for name in ("host", "mac_address", "serial_number")],
            hint="Or point the endpoint at this server: it then waits in the inbox to be admitted.",
        )
    _read_addresses(details)
    folder = get_folder(user, details.folder, Permission.ADMIT) if details.folder else inventory.root_folder()
    demand(user, Permission.ADMIT, folder.path)
    values = details.dict(include=_REGISTERED)
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
        code = None
        if details.activation_code:
            code = tell_code(*activation.make_code(system, user=user, now=timezone.now()))
            audit.record(user, "api", "make activation code system", system)
    return system, code


def _read_addresses(details: SystemIn) -> dict[str, Any]:
    """Those of its addresses that are given, by name; raises `Invalid` for what is none."""
    found: dict[str, Any] = {}
    errors = []
    parsers: dict[str, Callable[[str], Any]] = {
        "mac_address": inventory.normalize_mac,
        "network": network_of,
        "hint_address": lambda text: ipaddress.ip_address(parse_host(text)),
    }
    for name, parse in parsers.items():
        text = getattr(details, name).strip()
        try:
            if text:
                found[name] = parse(text)
        except ValueError as error:
            errors.append((f"body.{name}", str(error)))
    if errors:
        raise Invalid("An address cannot be used.", errors=errors)
    return found
