"""Adding by address in the API's words: what is sent becomes a request of `adding`, a finished item an answer."""

from collections.abc import Sequence
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission
from roomkeeper.adding.service import AddRequest
from roomkeeper.adding.targets import Targets
from roomkeeper.api.jobs import MOST_WAITED
from roomkeeper.api.problems import ApiProblem
from roomkeeper.api.reach import Identifier, get_folder
from roomkeeper.devices.login import Login
from roomkeeper.devices.snmp import SNMP_PORT
from roomkeeper.jobs.models import JobItem
from roomkeeper.provisioning.manager_protocol import WhenHttpIsOff
from roomkeeper.systems import inventory

# Scripts and proxies in between give up after half a minute.
WAITED = 25.0


class LoginIn(Schema, extra="forbid"):
    """A login of a device's administrator account."""

    username: str = Field(min_length=1, max_length=128)
    password: str = Field("", max_length=1000, description="Write-only.")


class HowToAdd(Schema, extra="forbid"):
    """How systems are met that are added by their addresses."""

    folder: Identifier | None = Field(None, description="Default: the root folder.")
    tags: list[str] = Field([], max_length=50)
    connectivity: Literal["reachable_on_lan", "reachable_on_public_internet"] = "reachable_on_lan"
    http_port: int | None = Field(None, ge=1, le=65_535, description="Default: as in Network settings.")
    https_port: int | None = Field(None, ge=1, le=65_535, description="Default: as in Network settings.")
    credentials: list[Identifier] = Field(
        [],
        max_length=50,
        description="Ids of saved logins, tried in this order; for administrators of everything.",
    )
    snmp_credentials: list[Identifier] | None = Field(
        None, max_length=50, description="Ids of saved SNMP logins; default: all of them."
    )
    use_snmp: bool | None = Field(None, description="Default: for ranges only.")
    snmp_port: int = Field(SNMP_PORT, ge=1, le=65_535)
    password_may_use_http: bool = Field(
        False,
        description="A login entered for one address may be sent there by HTTP if the device has no HTTPS.",
    )
    is_secure_only: bool | None = Field(None, description="Default: as in Network settings.")
    trust: Literal["pin", "authority", "off"] = Field(
        "pin",
        description="How the certificate is trusted: by its first key, by an authority, or not checked.",
    )
    legacy_tls: bool = Field(False, description="Allow TLS 1.0 and weak ciphers, for old devices.")
    when_http_is_off: WhenHttpIsOff = Field(
        WhenHttpIsOff.USE_HTTPS,
        description="If the device has plain HTTP turned off, as it is shipped: have it call by HTTPS,"
        " with this"
        " server's authority installed first, or turn on plain HTTP.",
    )


class AddingWarning(Schema):
    """Something that did not succeed while a system was added."""

    sentence: str
    advice: str = Field(description="What to do; may be empty.")


def request_of(
    user: User,
    how: HowToAdd,
    targets: Targets,
    *,
    name: str = "",
    logins: Sequence[Login] = (),
    confirmed_count: int | None = None,
) -> AddRequest:
    """What `adding` is asked. Raises `NotFound` and `PermissionDenied` for the folder."""
    folder = get_folder(user, how.folder, Permission.ADMIT) if how.folder else inventory.root_folder()
    return AddRequest(
        targets=targets,
        folder=folder,
        tags=tuple(how.tags),
        name=name,
        connectivity=how.connectivity,
        is_secure_only=how.is_secure_only,
        http_port=how.http_port,
        https_port=how.https_port,
        logins=tuple(logins),
        credential_ids=tuple(how.credentials),
        snmp_ids=None if how.snmp_credentials is None else tuple(how.snmp_credentials),
        uses_snmp=how.use_snmp,
        snmp_port=how.snmp_port,
        password_may_use_http=how.password_may_use_http,
        trust=how.trust,
        is_legacy_tls=how.legacy_tls,
        when_http_is_off=how.when_http_is_off,
        confirmed_count=confirmed_count,
    )


def waiting_time(request: HttpRequest) -> float:
    """Seconds to wait for the end before 202, by `Prefer: respond-async` or `Prefer: wait=10` (RFC 7240)."""
    for part in request.headers.get("Prefer", "").lower().split(","):
        word, _, value = part.partition(";")[0].strip().partition("=")
        if word.strip() == "respond-async":
            return 0.0
        if word.strip() == "wait" and value.strip(' "').isdecimal():
            return min(float(value.strip(' "')[:4]), MOST_WAITED)
    return WAITED


def problem_of_item(item: JobItem) -> ApiProblem:
    """Why nothing was added: 409 where the system is here, 422 with the device's own trouble."""
    details: dict[str, Any] = item.details
    if details.get("result") == "already_here":
        hint = f"See /api/v1/systems/{item.system_id}." if item.system_id else ""
        return ApiProblem(409, "already-here", "Already here", item.summary, hint=hint)
    if item.state == JobItem.State.CANCELLED:
        return ApiProblem(409, "cancelled", "Cancelled", "The job was stopped before the system was added.")
    return ApiProblem(422, "not-added", "Not added", item.summary, hint=item.advice)


def warnings_of(item: JobItem) -> list[AddingWarning]:
    """What is left to do for a system that was added."""
    return [AddingWarning(**one) for one in item.details.get("warnings", ())]
