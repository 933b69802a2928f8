"""`POST systems/scan`: look through ranges, networks and lists of addresses, and add what is found."""

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.adding import service
from roomkeeper.adding.service import Preview
from roomkeeper.adding.targets import Targets, TooMany, parse_targets
from roomkeeper.api.adding_fields import HowToAdd, LoginIn, request_of
from roomkeeper.api.jobs import JobOut, accepted
from roomkeeper.api.problems import refused_as
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.devices.login import Login

routes = Routes("systems")
_KNOWN_SHOWN = 200


class ScanIn(HowToAdd):
    """Where to look, and how to log in to what is found."""

    addresses: str | list[str] = Field(
        description="Addresses, names, ranges (`10.1.2.3-60`) and networks (`10.1.2.0/24`),"
        " separated by white space, commas or semicolons. At most 4,096 addresses."
    )
    logins: list[LoginIn] = Field([], max_length=50)
    confirmed_count: int | None = Field(
        None, description="The number of addresses; needed to try logins on a range."
    )
    dry_run: bool = Field(False, description="Only say what would be done; nothing is sent.")


class KnownAddress(Schema):
    """An address at which a system stands that is here."""

    address: str
    system: int
    name: str


class ScanPreview(Schema):
    """What would be done."""

    count: int = Field(description="Addresses that would be scanned; `confirmed_count` repeats it.")
    first: str
    last: str
    known: list[KnownAddress] = Field(description=f"At most {_KNOWN_SHOWN}.")
    known_count: int
    logins: list[str] = Field(description="User names, in the order in which they are tried.")
    snmp_logins: list[str]
    needs_confirmation: bool
    problems: list[str] = Field(description="What was not understood; the rest is added.")
    warnings: list[str]


@routes.post("/scan", response={200: ScanPreview, 202: JobOut})
@needs(Permission.ADMIT, anywhere=True)
def scan_for_systems(
    request: HttpRequest, details: ScanIn, response: HttpResponse
) -> Status[ScanPreview] | Status[JobOut]:
    """Look through addresses and add what is found: a job. With `dry_run` only say what it would do."""
    user = user_of(request)
    asked = request_of(
        user,
        details,
        parse(details.addresses),
        logins=[Login(one.username, one.password) for one in details.logins],
        confirmed_count=details.confirmed_count,
    )
    with refused_as(422, service.AddingRefused):
        if details.dry_run:
            return Status(200, _told(service.preview(asked, user=user)))
        with transaction.atomic():
            job = service.start(asked, user=user, now=timezone.now())
            audit.record(user, "api", "add systems", job, count=job.items.count(), addresses=job.title)
    return Status(202, accepted(job, response))


def parse(addresses: str | list[str]) -> Targets:
    """The addresses as targets; raises `Invalid` for too many."""
    text = addresses if isinstance(addresses, str) else "\n".join(addresses)
    with refused_as(422, TooMany, field="body.addresses"):
        return parse_targets(text)


def _told(found: Preview) -> ScanPreview:
    return ScanPreview(
        count=found.count,
        first=found.first,
        last=found.last,
        known=[
            KnownAddress(address=str(target), system=system.pk, name=str(system))
            for target, system in found.known[:_KNOWN_SHOWN]
        ],
        known_count=len(found.known),
        logins=list(found.logins),
        snmp_logins=list(found.snmp_logins),
        needs_confirmation=found.needs_confirmation,
        problems=list(found.problems),
        warnings=list(found.warnings),
    )
