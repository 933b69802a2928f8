"""The form by which systems are added by address, range, list or CSV: what was typed, the preview, the start."""

from typing import Any, Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from roomkeeper.accounts import audit
from roomkeeper.accounts.permissions import Permission
from roomkeeper.adding import service
from roomkeeper.adding.csv_targets import parse_csv
from roomkeeper.adding.targets import MOST, Targets, TooMany, parse_targets
from roomkeeper.devices.login import Login
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.provisioning.manager_protocol import CHOICES, WhenHttpIsOff
from roomkeeper.systems.contact import credential_list
from roomkeeper.systems.models import Connectivity, Credential, TlsTrust
from roomkeeper.web.access import grants, number_of, redirect, visible_folder
from roomkeeper.web.acts import now as moment
from roomkeeper.web.jobs import RESULTS, visible_jobs

FILE_LIMIT: Final = 2_000_000
SHOWN: Final = 200
CSV_TEMPLATE: Final = (
    "host,https_port,username,password,name,folder,tags,mac_address,serial_number\r\n"
    '192.0.2.10,,admin,,Boardroom,,"executive,4th floor",,\r\n'
    "codec.example.org,8443,,,Lobby,,,,\r\n"
    ",,,,Huddle 1,,,00:50:60:AB:CD:02,\r\n"
)
CONNECTIVITIES: Final = (
    (Connectivity.REACHABLE_ON_LAN.value, "Reachable on LAN"),
    (Connectivity.REACHABLE_ON_PUBLIC_INTERNET.value, "Reachable on Public Internet"),
)
TRUSTS: Final = (
    (TlsTrust.PIN.value, "the key that it shows at its first login"),
    (TlsTrust.AUTHORITY.value, "an authority of Network settings"),
    (TlsTrust.OFF.value, "any certificate"),
)
HTTP_OFF_CHOICES: Final = tuple((wish.value, words) for wish, words in CHOICES.items())
LABELS: Final = {
    "targets": "Addresses",
    "addresses": "Addresses",
    "name": "Name",
    "username": "User name",
    "credentials": "Stored logins",
    "snmp_credentials": "SNMP",
    "http_port": "HTTP port",
    "https_port": "HTTPS port",
    "connectivity": "Connectivity",
    "trust": "Certificate",
    "confirmed_count": "Number of addresses",
}


class FormRefused(ValueError):
    """A field cannot be used as it was typed; `field` is its name."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def adding_context(request: HttpRequest) -> dict[str, Any]:
    """The choices of the form, and those that were made."""
    posted = request.method == "POST"
    again = None if posted else _again(request)
    stored = _offered(request)
    chosen = set(request.POST.getlist("credential")) if posted else {str(one.pk) for one in stored}
    return {
        "connectivities": CONNECTIVITIES,
        "trusts": TRUSTS,
        "http_off_choices": HTTP_OFF_CHOICES,
        "stored_logins": [(one, str(one.pk) in chosen) for one in stored],
        "again": again,
        "typed": request.POST if again is None else _typed_before(again),
        "may_see_server": grants(request).may(Permission.VIEW_SERVER),
    }


def _again(request: HttpRequest) -> Job | None:
    """The job whose failures are to be tried again, if the page's address names one that she may see."""
    key = number_of(request.GET.get("again", ""))
    if key is None:
        return None
    return visible_jobs(request).filter(pk=key, kind=service.KIND).first()


def _typed_before(job: Job) -> dict[str, str]:
    """The form as it would be typed for what failed in the job; logins were forgotten when it ended."""
    failed = job.items.filter(state=JobItem.State.FAILED, parameters__has_key="host").order_by("pk")
    tags = job.parameters.get("tags", [])
    return {
        "targets": "\n".join(failed.values_list("label", flat=True)[:MOST]),
        "folder": str(job.parameters.get("folder", "")),
        "tags": ", ".join(str(tag) for tag in tags),
        "connectivity": str(job.parameters.get("connectivity", "")),
        "trust": str(job.parameters.get("trust", "")),
    }


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
        if request.POST.get("step") == "start":
            with transaction.atomic():
                job = service.start(asked, user=request.user, now=moment())
                audit.record(request.user, "page", "add systems", job, count=len(asked.targets.targets))
            page = reverse("job", args=[job.pk]) + (f"?show={RESULTS}" if asked.targets.is_range else "")
            return redirect(request, page)
        return _looked_at(service.preview(asked, user=request.user), asked)
    except FormRefused as refusal:
        return {"errors": [(LABELS.get(refusal.field, ""), str(refusal))]}
    except service.AddingRefused as refusal:
        outcome: dict[str, Any] = {"errors": [(LABELS.get(refusal.field, ""), str(refusal))]}
        if refusal.field == "confirmed_count":
            outcome |= _looked_at(service.preview(asked, user=request.user), asked)
        return outcome


def _looked_at(found: service.Preview, asked: service.AddRequest) -> dict[str, Any]:
    return {
        "preview": found,
        "known": found.known[:SHOWN],
        "more_known": max(0, len(found.known) - SHOWN),
        "problems": found.problems[:SHOWN],
        "more_problems": max(0, len(found.problems) - SHOWN),
    }


def _read(request: HttpRequest, tab: str, folder: Any) -> service.AddRequest:
    """What was typed. Raises `FormRefused` with the field that cannot be used."""
    posted = request.POST
    secure = {"yes": True, "no": False}.get(posted.get("secure_only", ""))
    username = posted.get("username", "").strip()
    password = posted.get("password", "")
    if password and not username:
        raise FormRefused("username", "A password needs the user name that it belongs to.")
    offered = {str(one.pk): one.pk for one in _offered(request)}
    return service.AddRequest(
        targets=_targets(request, tab),
        folder=folder,
        tags=tuple(tag.strip() for tag in posted.get("tags", "").split(",") if tag.strip()),
        name=posted.get("name", "").strip() if tab == "address" else "",
        connectivity=_one_of(posted.get("connectivity", ""), CONNECTIVITIES, "connectivity"),
        is_secure_only=secure,
        http_port=_port(request, "http_port"),
        https_port=_port(request, "https_port"),
        logins=(Login(username, password),) if username else (),
        credential_ids=tuple(offered[key] for key in posted.getlist("credential") if key in offered),
        # The service sends none of it for whoever may not see the server.
        uses_snmp={"yes": True, "no": False}.get(posted.get("snmp", "")),
        password_may_use_http=bool(posted.get("password_may_use_http")),
        trust=_one_of(posted.get("trust", ""), TRUSTS, "trust"),
        is_legacy_tls=bool(posted.get("legacy")),
        when_http_is_off=WhenHttpIsOff(
            _one_of(posted.get("when_http_is_off", ""), HTTP_OFF_CHOICES, "when_http_is_off")
        ),
        confirmed_count=_number(posted.get("confirmed_count", "")),
    )


def _targets(request: HttpRequest, tab: str) -> Targets:
    try:
        if tab == "csv":
            file = request.FILES.get("file")
            if file is None:
                raise FormRefused("targets", "Choose a CSV file.")
            if file.size is None or file.size > FILE_LIMIT:
                raise FormRefused("targets", "The file is larger than 2 MB.")
            found = parse_csv(file.read())
        else:
            found = parse_targets(request.POST.get("targets", ""))
    except TooMany as error:
        raise FormRefused("targets", str(error)) from error
    if not found.targets and not found.problems:
        raise FormRefused("targets", "The file is empty." if tab == "csv" else "Give an address or a name.")
    if not found.targets:
        raise FormRefused("targets", " ".join(str(problem) for problem in found.problems[:3]))
    if tab == "address" and (len(found.targets) != 1 or found.problems):
        raise FormRefused("targets", "Give one address or name here; many have a tab of their own.")
    return found


def _one_of(text: str, choices: tuple[tuple[str, str], ...], field: str) -> str:
    known = dict(choices)
    if text and text not in known:
        raise FormRefused(field, "Choose one of the options.")
    return text or choices[0][0]


def _port(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "").strip()
    if not text:
        return None
    number = _number(text)
    if number is None or not 1 <= number <= 65_535:
        raise FormRefused(name, "A port is a number from 1 to 65535.")
    return number


def _number(text: str) -> int | None:
    # People write thousands apart.
    return number_of("".join(text.split()).replace(",", "").replace(".", ""), 9)
