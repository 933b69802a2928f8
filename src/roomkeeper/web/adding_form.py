"""The form by which systems are added by address, range, list or CSV: what was typed, the preview, the start."""

from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission
from roomkeeper.adding import service
from roomkeeper.adding.csv_targets import parse_csv
from roomkeeper.adding.surface import ADD, ADDING, HOW, REACHING, TAGS, logins_of, request_of
from roomkeeper.adding.targets import MOST, Targets, TooMany, parse_targets
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.operations.door import do
from roomkeeper.operations.taking import TakenRefused, take_form
from roomkeeper.systems.contact import credential_list
from roomkeeper.systems.models import Credential, Folder
from roomkeeper.web.access import grants, number_of, redirect, visible_folder
from roomkeeper.web.acts import now as moment
from roomkeeper.web.derived_acts import actor_of
from roomkeeper.web.derived_forms import inputs_of
from roomkeeper.web.jobs import RESULTS, visible_jobs
from roomkeeper.words import gettext as _

FILE_LIMIT: Final = 2_000_000
SHOWN: Final = 200
CSV_TEMPLATE: Final = (
    "host,https_port,username,password,name,folder,tags,mac_address,serial_number\r\n"
    '192.0.2.10,,admin,,Boardroom,,"executive,4th floor",,\r\n'
    "codec.example.org,8443,,,Lobby,,,,\r\n"
    ",,,,Huddle 1,,,00:50:60:AB:CD:02,\r\n"
)
LABELS: Final = {one.name: one.label for one in HOW} | {
    "targets": "Addresses",
    "addresses": "Addresses",
    "name": "Name",
    "username": "User name",
    "credentials": "Stored logins",
    "snmp_credentials": "SNMP",
    "confirmed_count": "Number of addresses",
}


def adding_context(request: HttpRequest) -> dict[str, Any]:
    """The form with the choices that were made."""
    posted, actor = request.method == "POST", actor_of(request)
    again = None if posted else _again(request)
    typed = request.POST if again is None else _typed_before(again)
    stored = _offered(request)
    chosen = set(request.POST.getlist("credentials")) if posted else {str(one.pk) for one in stored}
    may_see_server = grants(request).may(Permission.VIEW_SERVER)
    reaching = [one for one in REACHING if one.name != "use_snmp" or may_see_server]
    return {
        "inputs": inputs_of(ADDING, ADD, (TAGS,), actor, typed),
        "reaching": inputs_of(ADDING, ADD, reaching, actor, typed),
        "stored_logins": [(one, str(one.pk) in chosen) for one in stored],
        "again": again,
        "typed": typed,
        "folder": number_of(typed.get("folder", "")),
        "may_see_server": may_see_server,
    }


def _again(request: HttpRequest) -> Job | None:
    """The job whose failures are to be tried again, if the page's address names one that she may see."""
    key = number_of(request.GET.get("again", ""))
    if key is None:
        return None
    return visible_jobs(request).filter(pk=key, kind=service.KIND).first()


def _typed_before(job: Job) -> QueryDict:
    """The form as it would be typed for what failed in the job; logins were forgotten when it ended."""
    failed = job.items.filter(state=JobItem.State.FAILED, parameters__has_key="host").order_by("pk")
    kept = {name: job.parameters.get(name, "") for name in ("folder", "connectivity", "trust")}
    tags = ", ".join(str(tag) for tag in job.parameters.get("tags", []))
    targets = "\n".join(failed.values_list("label", flat=True)[:MOST])
    return QueryDict(urlencode({"targets": targets, "tags": tags, **kept}))


def _offered(request: HttpRequest) -> list[Credential]:
    """The stored logins, for those who may see them."""
    if not grants(request).may(Permission.VIEW_SERVER):
        return []
    return credential_list.entries(Credential.Kind.LOGIN)


def handle_adding(request: HttpRequest, tab: str) -> HttpResponse | dict[str, Any]:
    """Preview (step check) or start the job (step start). What stands on the page then, or where to go."""
    folder = visible_folder(request, request.POST.get("folder", ""), Permission.ADMIT)
    try:
        asked = _read(request, tab, folder)
    except TakenRefused as refusal:
        return {"errors": [(LABELS.get(name, ""), sentence) for name, sentence in refusal.errors.items()]}
    except service.AddingRefused as refusal:
        return {"errors": [(LABELS.get(refusal.field, ""), str(refusal))]}
    try:
        if request.POST.get("step") != "start":
            return _looked_at(service.preview(asked, user=request.user))
        job = do(ADDING, ADD, None, actor=actor_of(request), now=moment(), taken={"request": asked})
    except service.AddingRefused as refusal:
        outcome: dict[str, Any] = {"errors": [(LABELS.get(refusal.field, ""), str(refusal))]}
        if refusal.field == "confirmed_count":
            outcome |= _looked_at(service.preview(asked, user=request.user))
        return outcome
    page = reverse("job", args=[job.pk]) + (f"?show={RESULTS}" if asked.targets.is_range else "")
    return redirect(request, page)


def _looked_at(found: service.Preview) -> dict[str, Any]:
    return {
        "preview": found,
        "known": found.known[:SHOWN],
        "more_known": max(0, len(found.known) - SHOWN),
        "problems": found.problems[:SHOWN],
        "more_problems": max(0, len(found.problems) - SHOWN),
    }


def _read(request: HttpRequest, tab: str, folder: Folder) -> service.AddRequest:
    """What was typed. Raises `TakenRefused`, or `AddingRefused` with the field that cannot be used."""
    posted = request.POST
    username, password = posted.get("username", "").strip(), posted.get("password", "")
    if password and not username:
        raise service.AddingRefused(_("A password needs the user name that it belongs to."), field="username")
    taken = take_form(ADDING, ADD, posted.getlist)
    offered = {one.pk for one in _offered(request)}
    taken |= {"folder": folder, "credentials": [key for key in taken["credentials"] if key in offered]}
    # People write thousands apart.
    count = "".join(posted.get("confirmed_count", "").split()).replace(",", "").replace(".", "")
    return request_of(
        taken,
        targets=_targets(request, tab),
        name=posted.get("name", "").strip() if tab == "address" else "",
        logins=logins_of(username, password),
        confirmed_count=number_of(count, 9),
    )


def _targets(request: HttpRequest, tab: str) -> Targets:
    try:
        if tab == "csv":
            file = request.FILES.get("file")
            if file is None or file.size is None or file.size > FILE_LIMIT:
                words = _("Choose a CSV file.") if file is None else _("The file is larger than 2 MB.")
                raise service.AddingRefused(words, field="targets")
            found = parse_csv(file.read())
        else:
            found = parse_targets(request.POST.get("targets", ""))
    except TooMany as error:
        raise service.AddingRefused(str(error), field="targets") from error
    if tab == "address" and found.targets and (len(found.targets) != 1 or found.problems):
        raise service.AddingRefused(
            _("Give one address or name here; many have a tab of their own."), field="targets"
        )
    return found
