"""Systems as people and programs see them: fields, filters, sorts, columns."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from django.db.models import Q
from pydantic import Field as Bound

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.diagnosis.readings import DIAGNOSIS
from roomkeeper.fleet import contact_acts, narrowing, telling
from roomkeeper.fleet.admission_acts import ADMISSION_ACTS
from roomkeeper.fleet.contact_acts import CONTACT_ACTS, ConnectivityWord, TrustWord
from roomkeeper.fleet.device_acts import DEVICE_ACTS
from roomkeeper.fleet.job_acts import JOB_ACTS
from roomkeeper.fleet.record_acts import RECORD_ACTS
from roomkeeper.fleet.trust_acts import TRUST_ACTS
from roomkeeper.operations.fields import Field
from roomkeeper.operations.folding import NaturalKey
from roomkeeper.operations.subjects import CommandLine, Pages, Subject, register
from roomkeeper.phonebooks.quality import by_phone_book
from roomkeeper.phonebooks.readings import PHONE_BOOK
from roomkeeper.polling.readings import POLL
from roomkeeper.provisioning.calling import why_it_never_calls
from roomkeeper.provisioning.readings import CONFIGURATION
from roomkeeper.systems import live
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.inventory import searching
from roomkeeper.systems.models import State, System
from roomkeeper.systems.readings import STATUS
from roomkeeper.systems.software_versions import VersionKey
from roomkeeper.systems.surface import folder_filter

StateWord = Literal["pending", "pre_registered", "managed", "ignored", "blocked"]
AliveWord = Literal["yes", "no", "unknown", "flapping"]
_PORT: Final = Annotated[int, Bound(ge=1, le=65_535)]
_COUNT: Final = Annotated[int, Bound(ge=0, le=2**31 - 1)]


def seen_by(grants: Grants) -> Q:
    """Systems in folders that she may view; those in the inbox only for whom may view that."""
    found = grants.folders(Permission.VIEW)
    return found if grants.may(Permission.VIEW_INBOX) else found & ~Q(state=State.PENDING)


def _plain(name: str, kind: Any, meaning: str = "", **more: Any) -> Field:
    return Field(name=name, type=kind, meaning=meaning, **more)


def _of_contact(name: str, kind: Any, **more: Any) -> Field:
    otherwise = "" if kind is str else None
    read = telling.of_contact(name, otherwise)
    return Field(name=name, type=kind, at=f"contact__{name}", read=read, **more)


CONNECTIVITY_CHOICES: Final = (*contact_acts.CONNECTIVITY_CHOICES, ("undecided", "Undecided"))
FOLDER: Final = folder_filter("folder")

FIELDS: Final = (
    _plain("id", int, filter="any"),
    _plain("name", str, filter="one", sort=NaturalKey("name"), heading="Name", cell="system_name"),
    _plain(
        "reported_name",
        str,
        "The name that the device reports.",
        filter="one",
        heading="Reported name",
        is_shown=False,
    ),
    _plain(
        "state",
        StateWord,
        "`pending` is the inbox; `all`, as without it for programs, everything.",
        filter="any",
        filter_type=Literal["pending", "pre_registered", "managed", "ignored", "blocked", "all"],
        choices=(
            ("managed", "managed"),
            ("pre_registered", "pre-registered"),
            ("pending", "in the inbox"),
            ("ignored", "ignored"),
            ("blocked", "blocked"),
            ("all", "all records"),
        ),
        heading="Record",
        cell="word",
        is_shown=False,
    ),
    _plain(
        "alive",
        AliveWord,
        filter="own",
        narrow=narrowing.by_life,
        read=telling.alive,
        sort="",
        heading="Alive",
        cell="alive",
        choices=(("yes", "alive"), ("no", "not alive"), ("flapping", "flapping"), ("unknown", "unknown")),
    ),
    _plain("alive_reason", str, "Why, as a sentence.", read=telling.alive_reason, sort=""),
    _plain("family", str, filter="one"),
    _plain(
        "never_calls",
        str,
        "Why systems of its kind never call and can only be managed where they can be reached; otherwise"
        " empty.",
        read=why_it_never_calls,
        sort="",
    ),
    _plain(
        "conflict",
        str,
        "For one in the inbox that has a number of a known system: which system, and the number by which"
        " it can be admitted.",
        sort="",
    ),
    _plain(
        "product",
        str,
        filter="one",
        options=narrowing.values_of("product"),
        heading="Product",
        cell="product",
    ),
    _plain(
        "software_version",
        str,
        filter="one",
        options=narrowing.values_of("software_version"),
        is_minor=True,
        sort=VersionKey("software_version"),
        heading="Software",
        cell="software",
    ),
    _plain(
        "connectivity",
        ConnectivityWord | None,
        "null until it is first decided.",
        filter="any",
        filter_type=Literal[
            "reachable_on_lan", "reachable_on_public_internet", "behind_firewall", "inaccessible", "undecided"
        ],
        narrow=narrowing.by_connectivity,
        at="connectivity",
        read=lambda row: row.connectivity or None,
        heading="Connectivity",
        cell="connectivity",
        choices=CONNECTIVITY_CHOICES,
    ),
    _plain(
        "mode",
        Literal["traditional", "behind_firewall", "secure_only"],
        "How it is managed.",
        filter="own",
        narrow=narrowing.by_mode,
        sort="",
        is_told=False,
        in_csv=False,
        choices=(
            ("traditional", "traditional"),
            ("behind_firewall", "behind firewall"),
            ("secure_only", "Secure-Only"),
        ),
    ),
    _plain("connectivity_is_locked", bool, filter="one", is_offered=False),
    _plain("connectivity_since", datetime | None),
    _plain("is_secure_only", bool, filter="one", is_offered=False),
    _of_contact("first_seen_at", datetime | None),
    _of_contact("last_seen_at", datetime | None, filter="since", heading="Last contact", cell="when"),
    _plain(
        "silent_for",
        Literal["hour", "day", "week", "month", "never"],
        "Nothing was heard for an hour, a day, a week, 30 days; `never`: not at all.",
        filter="own",
        narrow=narrowing.by_silence,
        sort="",
        is_told=False,
        in_csv=False,
        is_minor=True,
        choices=(
            ("hour", "over an hour"),
            ("day", "over a day"),
            ("week", "over a week"),
            ("month", "over 30 days"),
            ("never", "never heard"),
        ),
    ),
    Field(
        name="next_contact_due_at",
        type=datetime | None,
        at="contact__next_contact_due_at",
        read=telling.next_contact,
    ),
    _plain(
        "polled_at",
        datetime | None,
        "When it was last asked for its status; null if never.",
        read=telling.of_poll("last_at"),
        sort="",
    ),
    _plain(
        "poll_error",
        str,
        "What went wrong then; empty after a successful poll.",
        read=telling.of_poll("error", ""),
        sort="",
    ),
    _plain(
        "in_call",
        bool,
        filter="own",
        narrow=narrowing.by_call,
        at="in_call",
        read=telling.in_call,
        is_minor=True,
        heading="In call",
        cell="in_call",
    ),
    _plain(
        "call",
        telling.CallOut | None,
        "The longest running call; null if none has a number.",
        read=telling.call,
        sort="",
    ),
    Field(
        name="ticket_count",
        type=int,
        at="ticket_count",
        filter="own",
        filter_type=_COUNT,
        narrow=narrowing.by_ticket_count,
        sort=narrowing.ticket_count(),
        heading="Tickets",
        cell="system_tickets",
    ),
    _plain(
        "has_tickets",
        bool,
        filter="own",
        narrow=narrowing.by_tickets,
        sort="",
        is_told=False,
        in_csv=False,
        is_minor=True,
    ),
    _plain(
        "phone_book",
        Literal["ours", "other", "none"],
        "Whether it is given a phone book, and reports our server as the one that it searches.",
        filter="own",
        narrow=by_phone_book,
        sort="",
        is_told=False,
        in_csv=False,
        # The quality of phone books leads here by address; the page stays small.
        is_offered=False,
        choices=(("ours", "ours"), ("other", "another server"), ("none", "none set")),
    ),
    _plain("drift_count", int, filter="one", filter_type=_COUNT, heading="Drift", cell="system_drift"),
    _plain(
        "has_drift",
        bool,
        filter="own",
        narrow=narrowing.by_drift,
        sort="",
        is_told=False,
        in_csv=False,
        is_minor=True,
    ),
    _plain(
        "tags",
        list[str],
        "As a filter: systems that carry all of these.",
        filter="any",
        filter_type=str,
        narrow=narrowing.by_tags,
        read=telling.tags,
        options=narrowing.tag_names,
        sort="",
        heading="Tags",
        cell="tags",
        is_shown=False,
    ),
    Field(
        name="folder",
        type=int,
        at="folder_id",
        filter_type=FOLDER.filter_type,
        meaning="As a filter: this folder with all below it.",
        filter="own",
        narrow=FOLDER.narrow,
        sort="folder__path",
    ),
    _plain(
        "folder_path",
        str,
        "The folder in words: `Oslo / HQ`.",
        read=lambda row: row.folder_label,
        sort="folder__path",
        heading="Folder",
        is_shown=False,
    ),
    _plain("host", str, filter="one", heading="Address", cell="code", is_shown=False),
    _plain("http_port", int | None, filter="one", filter_type=_PORT),
    _plain("https_port", int | None, filter="one", filter_type=_PORT),
    _of_contact("reported_address", str, filter="one"),
    _of_contact("source_address", str, filter="one"),
    _plain("serial_number", str, filter="one", heading="Serial number", cell="code", is_shown=False),
    _plain(
        "mac_address",
        str,
        "12 upper-case hexadecimal digits, or empty; as a filter with or without separators.",
        filter="own",
        narrow=narrowing.by_mac,
        heading="MAC address",
        cell="mac",
        is_shown=False,
    ),
    _plain(
        "has_credentials",
        bool,
        filter="own",
        narrow=narrowing.by_having_login,
        read=credentials.has_credentials,
        sort="",
        is_offered=False,
    ),
    _plain(
        "login",
        telling.LoginWord,
        "Whether the stored login works; a refused one is not sent again. As a filter `missing`, too: none is stored.",
        filter="own",
        filter_type=Literal["missing", "untried", "works", "refused"],
        narrow=narrowing.by_login,
        read=telling.login,
        sort="",
        is_minor=True,
    ),
    _plain("password_may_use_http", bool, sort=""),
    _plain("tls_trust", TrustWord, "How its certificate is trusted.", sort=""),
    _plain("tls_is_legacy", bool, "TLS 1.0 and weak ciphers are allowed.", sort=""),
    _plain("sys_object_id", str, "The name that its SNMP agent reports; empty if none answered.", sort=""),
    _plain("admission_network", str, sort=""),
    _plain("admitted_at", datetime | None),
    _plain("created_at", datetime),
    _plain("notes", str, sort=""),
)

SYSTEMS = register(
    Subject(
        noun="system",
        plural="systems",
        model=System,
        meaning="A system. Credentials and secrets are written, never read back.",
        seen_by=seen_by,
        place=lambda row: row.folder.path,
        order="name",
        find=searching.search,
        best=searching.by_name,
        related=("folder", "contact", "poll"),
        prepare=telling.look_up,
        tell=lambda row: live.publish("system", row),
        topic="systems",
        pages=Pages(
            row_topic="system",
            help="systems",
            begins={"state": "managed"},
            former={
                "tag": "tags",
                "state=any": "all",
                "software": "software_version",
                "last_contact": "last_seen_at",
                "tickets": "ticket_count",
                "drift": "drift_count",
                "serial": "serial_number",
                "mac": "mac_address",
            },
        ),
        page="system_page",
        acts_at="act/",
        command_line=CommandLine(change="set", named_by="name"),
        export_word="export systems",
        fields=FIELDS,
        acts=(*RECORD_ACTS, *CONTACT_ACTS, *ADMISSION_ACTS, *DEVICE_ACTS, *TRUST_ACTS, *JOB_ACTS),
        readings=(CONFIGURATION, STATUS, POLL, DIAGNOSIS, PHONE_BOOK),
    )
)
