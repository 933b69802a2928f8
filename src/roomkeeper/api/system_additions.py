"""Adding systems, one or many: by address or range, or registered by their identity before they phone home."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final, Self

from django.http import HttpRequest, HttpResponse
from ninja import Schema, Status
from pydantic import Field, ModelWrapValidatorHandler, create_model, model_validator

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.adding import service
from roomkeeper.adding.surface import (
    ADD,
    ADDING,
    EXPECTED,
    HOW,
    IDENTITY,
    LOGIN,
    PRE_REGISTER,
    REGISTERING,
    LoginIn,
    request_of,
)
from roomkeeper.adding.targets import AddingTarget, Targets, TooMany, merge, parse_targets
from roomkeeper.adding.telling import AddingWarning, ScanPreview, tell_preview
from roomkeeper.api.derived_begun import seconds_to_wait
from roomkeeper.api.derived_lists import actor_of, row_of, told_of
from roomkeeper.api.derived_mounting import do_act
from roomkeeper.api.jobs import JobOut, accepted
from roomkeeper.api.on_systems import routes as routes
from roomkeeper.api.problems import ApiProblem, Invalid, ProblemOut, problem_of, refused_as
from roomkeeper.api.reach import get_folder
from roomkeeper.api.routing import user_of
from roomkeeper.api.trial import trial
from roomkeeper.devices.login import Login
from roomkeeper.fleet.admission_acts import ACTIVATION_CODE
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.operations.taking import fields_of
from roomkeeper.systems.inventory.hosts import HostRefused, parse_host
from roomkeeper.words import gettext as _

_told = told_of(SYSTEMS)
SystemOut: Any = _told.schema
ActivationCodeOut: Any = _told.answer_of(ACTIVATION_CODE)
MOST_AT_ONCE: Final = 1000
# Scripts and proxies in between give up after half a minute.
WAITED: Final = 25.0
# What each system of a job says for itself.
_OF_ITS_OWN: Final = {one.name for one in (*IDENTITY, *EXPECTED, *LOGIN)} - {"folder"} | {
    *("host", "http_port", "https_port")
}


class _Strict(Schema, extra="forbid"):
    """What it does not know is refused."""


SystemIn: Any = create_model(
    "SystemIn",
    __base__=_Strict,
    __doc__="A system to add by its `host`, where it has to have `mac_address` and `serial_number` if they are given; "
    "or, without a host, to register by these before it phones home. What is said on how to meet it is for the first.",
    **fields_of((*HOW, *EXPECTED, *LOGIN)),
    host=(str, Field("", max_length=255, description="Address or name, without a port.")),
)
ScanIn: Any = create_model(
    "ScanIn",
    __base__=_Strict,
    __doc__="Where to look, and how to log in to what is found.",
    **fields_of(HOW),
    addresses=(
        str | list[str],
        Field(
            description="Addresses, names, ranges (`10.1.2.3-60`) and networks (`10.1.2.0/24`), separated by white "
            "space, commas or semicolons. At most 4,096 addresses."
        ),
    ),
    logins=(list[LoginIn], Field([], max_length=50)),
    confirmed_count=(
        int | None,
        Field(None, description="The number of addresses; needed to try logins on a range."),
    ),
    dry_run=(bool, Field(False, description="Only say what would be done; nothing is sent.")),
)


class SystemsIn(_Strict):
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
    if not details.host.strip():
        system_id, code = _register(request, details)
        return _created(request, system_id, [], response, code)
    job = _start(request, [(details, _target(details))])
    waited = seconds_to_wait(request, WAITED)
    if waited:
        job = work.wait_for(job.pk, timedelta(seconds=waited))
    if job.state not in Job.ENDED:
        return Status(202, accepted(job, response))
    item = job.items.get()
    if item.system_id is None or item.details.get("result") != "added":
        raise _problem_of(item)
    return _created(request, item.system_id, item.details.get("warnings", ()), response)


@routes.post("/bulk", response=AddedItems)
@needs(Permission.ADMIT, anywhere=True)
def add_systems(request: HttpRequest, details: SystemsIn) -> AddedItems:
    """Add or register many systems; each succeeds or fails separately. Those with a `host` become a job."""
    items: list[AddedItem] = []
    waiting: dict[str, list[tuple[int, Any, AddingTarget]]] = defaultdict(list)
    for number, one in enumerate(details.systems):
        try:
            system = SystemIn.model_validate(one)
            if system.host.strip():
                waiting[_manner(system)].append((number, system, _target(system)))
                items.append(AddedItem(status=202, system=None, problem=None))
                continue
            with trial(details.dry_run):
                made, code = _register(request, system)
            told = {"system": None} if details.dry_run else {"system": made, "activation_code": code}
            items.append(AddedItem(status=201, problem=None, **told))
        except Exception as error:  # noqa: BLE001 - every item answers for itself, as a request of its own would
            items.append(failed_item(AddedItem, error, system=None))
    # Those that are to be met alike are one job.
    for alike in waiting.values():
        try:
            with trial(details.dry_run):
                job = _start(request, [(system, target) for _, system, target in alike])
        except Exception as error:  # noqa: BLE001 - likewise
            for number, _rest_4, _rest_5 in alike:
                items[number] = failed_item(AddedItem, error, system=None)
        else:
            for number, _rest_2, _rest_3 in alike:
                items[number].job = None if details.dry_run else job.pk
    return AddedItems(items=items)


@routes.post("/scan", response={200: ScanPreview, 202: JobOut})
@needs(Permission.ADMIT, anywhere=True)
def scan_for_systems(request: HttpRequest, details: ScanIn, response: HttpResponse) -> Status[Any]:
    """Look through addresses and add what is found: a job. With `dry_run` only say what it would do."""
    texts = details.addresses if isinstance(details.addresses, list) else [details.addresses]
    with refused_as(422, TooMany, field="body.addresses"):
        targets = parse_targets("\n".join(texts))
    logins = [Login(one.username, one.password) for one in details.logins]
    asked = _asked(request, details, targets, logins=logins, confirmed_count=details.confirmed_count)
    if not details.dry_run:
        job = do_act(ADDING, ADD, None, actor_of(request), {"request": asked})
        return Status(202, accepted(job, response))
    with refused_as(422, service.AddingRefused):
        return Status(200, tell_preview(service.preview(asked, user=user_of(request))))


def failed_item(kind: type[Any], error: Exception, **fields: Any) -> Any:
    """An item of a bulk answer that tells why it failed."""
    problem: ApiProblem = problem_of(error)
    return kind(status=problem.status, problem=ProblemOut(**problem.content()), **fields)


def _created(
    request: HttpRequest,
    system_id: int,
    warnings: Iterable[Any],
    response: HttpResponse,
    code: ActivationCodeOut | None = None,
) -> Status[Any]:
    response["Location"] = f"/api/v1/systems/{system_id}"
    actor = actor_of(request)
    told = _told.one(row_of(SYSTEMS, actor, system_id), actor)
    return Status(201, AddedSystem(**told, warnings=list(warnings), activation_code=code))


def _asked(request: HttpRequest, how: Any, targets: Targets, **more: Any) -> service.AddRequest:
    """What `adding` is asked. Raises `NotFound` and `PermissionDenied` for the folder."""
    taken = {one.name: getattr(how, one.name) for one in HOW}
    if how.folder:
        taken["folder"] = get_folder(user_of(request), how.folder, Permission.ADMIT)
    return request_of(taken, targets=targets, **more)


def _start(request: HttpRequest, systems: list[tuple[Any, AddingTarget]]) -> Job:
    """The job that adds these systems, which are to be met alike."""
    # What one system alone may have stands in its own target.
    how = systems[0][0].model_copy(update={"tags": [], "http_port": None, "https_port": None})
    asked = _asked(request, how, Targets(merge(target for _, target in systems)))
    job: Job = do_act(ADDING, ADD, None, actor_of(request), {"request": asked})
    return job


def _target(details: Any) -> AddingTarget:
    """The system as a target; raises `Invalid` for a host that is none."""
    with refused_as(422, HostRefused, field="body.host"):
        host = parse_host(details.host)
    own = ("http_port", "https_port", "username", "password", "name", "mac_address", "serial_number")
    return AddingTarget(host, tags=tuple(details.tags), **{name: getattr(details, name) for name in own})


def _manner(details: Any) -> str:
    """Equal for systems that are to be met alike."""
    return json.dumps(details.dict(exclude=_OF_ITS_OWN), sort_keys=True)


def _register(request: HttpRequest, details: Any) -> tuple[int, ActivationCodeOut | None]:
    if not (details.mac_address or details.serial_number or details.hint_address):
        raise Invalid(
            _(
                "A system is added by its host, or pre-registered by its MAC address, its serial "
                "number, or the address where it is expected."
            ),
            errors=[(f"body.{name}", "missing") for name in ("host", "mac_address", "serial_number")],
            hint=_("Or point the endpoint at this server: it then waits in the inbox to be admitted."),
        )
    taken = {one.name: getattr(details, one.name) for one in PRE_REGISTER.takes}
    system, made = do_act(REGISTERING, PRE_REGISTER, None, actor_of(request), taken)
    if made is None:
        return system.pk, None
    return system.pk, ActivationCodeOut(**_told.once(ACTIVATION_CODE, (system, made)))


def _problem_of(item: JobItem) -> ApiProblem:
    """Why nothing was added: 409 where the system is here, 422 with the device's own trouble."""
    if item.details.get("result") == "already_here":
        hint = _("See /api/v1/systems/{system_id}.", system_id=item.system_id) if item.system_id else ""
        return ApiProblem(409, "already-here", "Already here", item.summary, hint=hint)
    if item.state == JobItem.State.CANCELLED:
        return ApiProblem(
            409, "cancelled", "Cancelled", _("The job was stopped before the system was added.")
        )
    return ApiProblem(422, "not-added", "Not added", item.summary, hint=item.advice)
