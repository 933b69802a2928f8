"""Adding systems as people and programs ask for it: what each takes, and the acts behind the forms and addresses."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from django.db.models import Q
from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic import Field as Described

from roomkeeper.accounts.permissions import ROOT_PATH, Permission
from roomkeeper.accounts.person import Person
from roomkeeper.adding import service
from roomkeeper.adding.service import AddRequest
from roomkeeper.devices.login import Login
from roomkeeper.devices.snmp import SNMP_PORT
from roomkeeper.jobs.models import Job
from roomkeeper.operations.acts import Act, Input, Rest, Trail
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.subjects import Subject, register
from roomkeeper.operations.taking import Text
from roomkeeper.provisioning.manager_protocol import CHOICES, WhenHttpIsOff
from roomkeeper.systems import admission, inventory
from roomkeeper.systems.addresses import address_of, network_of
from roomkeeper.systems.admission import activation
from roomkeeper.systems.inventory.hosts import parse_host
from roomkeeper.systems.models import ActivationCode, Folder, System


class LoginIn(BaseModel):
    """A login of a device's administrator account."""

    model_config = ConfigDict(extra="forbid")

    username: str = Described(min_length=1, max_length=128)
    password: str = Described("", max_length=1000, description="Write-only.")


def _mac(text: str) -> str:
    return inventory.normalize_mac(text) if text else ""


def _network(text: str) -> str:
    return str(network_of(text)) if text else ""


def _address(text: str) -> str:
    return str(address_of(parse_host(text))) if text else ""


def _port(name: str, label: str) -> Input:
    return Input(
        name=name,
        type=int | None,
        default=None,
        least=1,
        most=65_535,
        meaning="Default: as in Network settings.",
        label=label,
        hint="Empty: as in Network settings.",
    )


TAGS: Final = Input(name="tags", type=list[Text], default=[], most=50, label="Tags", is_line=True)
_NAME: Final = Input(
    name="name",
    type=Text,
    default="",
    most=50,
    label="Name",
    hint="A name that you enter is also set on the device.",
)
FOLDER: Final = Input(
    name="folder",
    type=Identifier | None,
    default=None,
    refers="folders",
    meaning="Id, name or path; default: the root folder.",
    label="Folder",
)
REACHING: Final = (
    Input(
        name="connectivity",
        type=Literal["reachable_on_lan", "reachable_on_public_internet"],
        default="reachable_on_lan",
        label="Connectivity",
        choices=(
            ("reachable_on_lan", "Reachable on LAN"),
            ("reachable_on_public_internet", "Reachable on Public Internet"),
        ),
    ),
    Input(
        name="is_secure_only",
        type=bool | None,
        default=None,
        meaning="Default: as in Network settings.",
        label="Secure-Only",
        choices=(("", "as in Network settings"), ("true", "on: only HTTPS"), ("false", "off")),
        option="secure-only/not-secure-only",
    ),
    Input(
        name="trust",
        type=Literal["pin", "authority", "off"],
        default="pin",
        meaning="How the certificate is trusted: pin (its first key), authority, or off (not checked).",
        label="Certificate",
        choices=(
            ("pin", "trusted by the key that it shows at its first login"),
            ("authority", "trusted by an authority of Network settings"),
            ("off", "any certificate is trusted"),
        ),
    ),
    Input(
        name="when_http_is_off",
        type=WhenHttpIsOff,
        default=WhenHttpIsOff.USE_HTTPS,
        meaning="If the device has plain HTTP turned off, as it is shipped: use_https (with this server's authority "
        "installed first), or turn_http_on.",
        label="Where plain HTTP is off on it, as it is shipped",
        hint="A certificate of a public authority does not replace this: from RoomOS 11.27 a device trusts only "
        "authorities that were installed on it.",
        choices=tuple((wish.value, words) for wish, words in CHOICES.items()),
    ),
    Input(
        name="use_snmp",
        type=bool | None,
        default=None,
        meaning="Default: for ranges only.",
        label="Ask by SNMP too",
        choices=(
            ("", "for ranges and networks only"),
            ("true", "always, except in Secure-Only"),
            ("false", "never"),
        ),
        option="snmp/no-snmp",
    ),
    _port("https_port", "HTTPS port"),
    _port("http_port", "HTTP port"),
    Input(
        name="password_may_use_http",
        type=bool,
        default=False,
        meaning="A login entered for one address may be sent there by HTTP if the device has no HTTPS.",
        label="The typed login may be sent over plain HTTP, if the device offers nothing better; anyone listening on "
        "the network can read it",
        option="password-over-http",
    ),
    Input(
        name="legacy_tls",
        type=bool,
        default=False,
        meaning="Allow TLS 1.0 and weak ciphers, for old devices.",
        label="Allow legacy TLS (1.0 and weak ciphers); only for old devices, as it protects little",
        option="legacy-tls",
    ),
)
HOW: Final = (
    FOLDER,
    TAGS,
    *REACHING,
    Input(
        name="credentials",
        type=list[Identifier],
        default=[],
        most=50,
        refers="credentials",
        meaning="Saved logins, tried in this order; for administrators of everything.",
        is_asked=False,
    ),
    Input(
        name="snmp_credentials",
        type=list[Identifier] | None,
        default=None,
        most=50,
        refers="credentials",
        meaning="Saved SNMP logins; default: all of them.",
        is_asked=False,
    ),
    Input(name="snmp_port", type=int, default=SNMP_PORT, least=1, most=65_535, is_asked=False),
)
IDENTITY: Final = (
    Input(
        name="mac_address",
        type=Annotated[Text, AfterValidator(_mac)],
        default="",
        most=64,
        meaning="With or without separators.",
        label="MAC address",
        option="mac",
    ),
    Input(name="serial_number", type=Text, default="", most=64, label="Serial number", option="serial"),
)
_USERNAME: Final = Input(
    name="username",
    type=Text,
    default="",
    most=128,
    meaning="The device's administrator account.",
    is_asked=False,
)
_PASSWORD: Final = Input(
    name="password",
    default="",
    most=1000,
    meaning="Its password. Write-only.",
    is_secret=True,
    is_asked=False,
)
LOGIN: Final = (_USERNAME, _PASSWORD)
EXPECTED: Final = (
    *IDENTITY,
    _NAME,
    FOLDER,
    TAGS,
    Input(
        name="hint_address",
        type=Annotated[Text, AfterValidator(_address)],
        default="",
        most=64,
        meaning="Its expected address: a hint for people.",
        label="Expected IP address",
        hint="Only a hint for people; it does not identify the system.",
    ),
    Input(
        name="network",
        type=Annotated[Text, AfterValidator(_network)],
        default="",
        most=64,
        meaning="CIDR from which it is admitted with its first post.",
        label="Network it posts from",
        hint="It is managed with its first post from there. Empty: from the networks for admission.",
    ),
    Input(
        name="activation_code",
        type=bool,
        default=False,
        meaning="Create a one-time code that admits it from anywhere when entered in its manager path.",
        label="Create a one-time activation code",
        hint="For a system that posts from elsewhere: with the code in its manager path it is managed from its first "
        "post on. The code is shown only once.",
    ),
)


def _register(
    *,
    user: Person,
    now: datetime,
    folder: Folder | None,
    hint_address: str,
    activation_code: bool,
    **values: Any,
) -> tuple[System, tuple[ActivationCode, str] | None]:
    place = folder or inventory.root_folder()
    system = admission.pre_register(
        user=user, now=now, folder=place, hint_address=hint_address or None, **values
    )
    return system, activation.make_code(system, user=user, now=now) if activation_code else None


def _place(row: None, taken: Mapping[str, Any]) -> Sequence[str]:
    if "folder" not in taken:
        return ()
    return (taken["folder"].path if taken["folder"] is not None else ROOT_PATH,)


def request_of(taken: Mapping[str, Any], **more: Any) -> AddRequest:
    """What `adding` is asked, out of what `HOW` takes, with its folder; `more` are the targets, name, logins, count."""
    given = dict(taken)
    return AddRequest(
        folder=given["folder"] or inventory.root_folder(),
        tags=tuple(given["tags"]),
        connectivity=given["connectivity"],
        is_secure_only=given["is_secure_only"],
        http_port=given["http_port"],
        https_port=given["https_port"],
        credential_ids=tuple(given["credentials"]),
        snmp_ids=None if given["snmp_credentials"] is None else tuple(given["snmp_credentials"]),
        uses_snmp=given["use_snmp"],
        snmp_port=given["snmp_port"],
        password_may_use_http=given["password_may_use_http"],
        trust=given["trust"],
        is_legacy_tls=given["legacy_tls"],
        when_http_is_off=given["when_http_is_off"],
        **more,
    )


def logins_of(username: str, password: str) -> tuple[Login, ...]:
    """The login that was typed, if one was."""
    return (Login(username, password),) if username else ()


def _noted(taken: Mapping[str, Any]) -> dict[str, Any]:
    asked: AddRequest = taken["request"]
    targets = asked.targets.targets
    return {
        "folder": asked.folder.pk,
        "count": len(targets),
        "first": str(targets[0]) if targets else "",
        "last": str(targets[-1]) if targets else "",
    }


ADD: Final = Act(
    name="add",
    needs=Permission.ADMIT,
    on="all",
    is_mounted=False,
    run=lambda *, user, now, request: service.start(request, user=user, now=now),
    refused=(service.AddingRefused,),
    rest=Rest(status=422),
    summary="Add systems by their addresses: a job.",
    takes=(*HOW, Input(name="request", type=Any, default=None)),
    places=lambda row, taken: (taken["request"].folder.path,) if taken.get("request") else (),
    trail=Trail(given=_noted),
)
PRE_REGISTER: Final = Act(
    name="pre-register",
    needs=Permission.ADMIT,
    on="all",
    is_mounted=False,
    run=_register,
    refused=(admission.AdmissionRefused, activation.CodeRefused),
    summary="Register a system before it phones home.",
    takes=(
        *EXPECTED,
        *(one for one in REACHING if one.name in ("http_port", "https_port")),
        *(one for one in REACHING if one.name in ("password_may_use_http", "is_secure_only")),
        *LOGIN,
    ),
    tells=(Field(name="activation_code", type=str | None, read=lambda made: made and made[1]),),
    places=_place,
    trail=Trail(
        given=lambda taken: {name: value for name, value in taken.items() if value and name != "password"}
    ),
)
ADDING: Final = register(
    Subject(
        noun="systems",
        plural="adding systems",
        meaning="By address, range, list or CSV file: looked at first, then a job.",
        model=Job,
        seen_by=lambda grants: grants.folders(Permission.ADMIT, "folder_path"),
        place=lambda job: job.folder_path,
        needs=Permission.ADMIT,
        has_pages=False,
        has_api=False,
        fields=(),
        acts=(ADD,),
    )
)
REGISTERING: Final = register(
    Subject(
        noun="system",
        plural="registering systems",
        meaning="Before they phone home, one or a list of them.",
        model=System,
        seen_by=lambda grants: Q(pk__in=()),
        place=lambda row: row.folder.path,
        needs=Permission.ADMIT,
        has_pages=False,
        has_api=False,
        fields=(),
        acts=(PRE_REGISTER,),
    )
)
