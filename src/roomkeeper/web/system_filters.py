"""The filters, sorting and columns of the systems list, read from the address: what is shown can be bookmarked."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, QueryDict

from roomkeeper.accounts.permissions import Permission
from roomkeeper.systems.check_ins import liveness
from roomkeeper.systems.inventory import searching
from roomkeeper.systems.models import Connectivity, Folder, State, System
from roomkeeper.systems.software_versions import VersionKey
from roomkeeper.web.access import grants, number_of

STATE_CHOICES = [
    (State.MANAGED, "managed"),
    (State.PRE_REGISTERED, "pre-registered"),
    (State.PENDING, "in the inbox"),
    (State.IGNORED, "ignored"),
    (State.BLOCKED, "blocked"),
    ("any", "any state"),
]
ALIVE_CHOICES = [("yes", "alive"), ("no", "not alive"), ("flapping", "flapping"), ("unknown", "unknown")]
CONNECTIVITY_CHOICES = [
    (Connectivity.REACHABLE_ON_LAN, "Reachable on LAN"),
    (Connectivity.REACHABLE_ON_PUBLIC_INTERNET, "Reachable on Public Internet"),
    (Connectivity.BEHIND_FIREWALL, "Behind Firewall"),
    (Connectivity.INACCESSIBLE, "Inaccessible"),
    ("undecided", "Undecided"),
]
MODE_CHOICES = [
    ("traditional", "traditional"),
    ("behind_firewall", "behind firewall"),
    ("secure_only", "Secure-Only"),
]
MODES = {
    "traditional": Q(is_secure_only=False) & ~Q(connectivity=Connectivity.BEHIND_FIREWALL),
    "behind_firewall": Q(connectivity=Connectivity.BEHIND_FIREWALL),
    "secure_only": Q(is_secure_only=True),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list; `sort` is the field that orders it, empty where it cannot."""

    key: str
    label: str
    sort: str = ""
    is_default: bool = True
    classes: str = ""


COLUMNS = (
    Column("name", "Name", "name"),
    Column("alive", "State", "", classes="fit"),
    Column("product", "Product", "product"),
    Column("software", "Software", "software_version", classes="fit"),
    Column("connectivity", "Connectivity", "connectivity", classes="fit"),
    Column("last_contact", "Last contact", "contact__last_seen_at", classes="fit"),
    Column("in_call", "In call", "in_call", classes="fit"),
    Column("tickets", "Tickets", "", classes="amount"),
    Column("drift", "Drift", "drift_count", classes="amount"),
    Column("tags", "Tags", is_default=False),
    Column("folder", "Folder", "folder__name", is_default=False),
    Column("host", "Address", "host", is_default=False, classes="fit"),
    Column("serial", "Serial number", "serial_number", is_default=False, classes="fit"),
    Column("mac", "MAC address", "mac_address", is_default=False, classes="fit"),
    Column("reported_name", "Reported name", "reported_name", is_default=False),
)
SORTS = {column.key: column.sort for column in COLUMNS if column.sort}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; words that are none of ours are ignored."""

    q: str = ""
    folder: str = ""
    alive: str = ""
    connectivity: str = ""
    state: str = ""
    tag: str = ""
    product: str = ""
    mode: str = ""
    sort: str = "name"

    @property
    def are_set(self) -> bool:
        """Whether anything but the sorting narrows the list."""
        return any(
            (
                self.q,
                self.folder,
                self.alive,
                self.connectivity,
                self.state,
                self.tag,
                self.product,
                self.mode,
            )
        )

    def kept(self, **changed: str) -> dict[str, str]:
        """What stands in the address for these filters with some changed."""
        values = {name: str(getattr(self, name)) for name in self.__dataclass_fields__} | changed
        if values["sort"] == "name":
            values["sort"] = ""
        return {name: value for name, value in values.items() if value}

    def address(self, **changed: str) -> str:
        """These filters with some changed, as the query of an address."""
        return "?" + urlencode(self.kept(**changed))


def read_filters(query: QueryDict) -> Filters:
    """The filters of an address."""
    words = {name: query.get(name, "").strip()[:200] for name in Filters.__dataclass_fields__}
    if words["sort"].removeprefix("-") not in SORTS:
        words["sort"] = "name"
    if number_of(words["folder"]) is None:
        words["folder"] = ""
    for name, choices in (
        ("alive", ALIVE_CHOICES),
        ("connectivity", CONNECTIVITY_CHOICES),
        ("state", STATE_CHOICES),
        ("mode", MODE_CHOICES),
    ):
        if words[name] not in {key for key, _ in choices}:
            words[name] = ""
    return Filters(**words)


def visible_systems(request: HttpRequest) -> QuerySet[System]:
    """All systems in folders that she may see."""
    return System.objects.filter(grants(request).folders(Permission.VIEW))


def filtered(request: HttpRequest, filters: Filters, now: datetime) -> QuerySet[System]:
    """The systems that she may see and that the filters let through, unsorted."""
    found = visible_systems(request)
    if filters.state != "any":
        found = found.filter(state=filters.state or State.MANAGED)
    if filters.folder:
        folder = Folder.objects.filter(pk=int(filters.folder)).first()
        found = found.filter(folder__path__startswith=folder.path) if folder else found.none()
    if filters.alive:
        found = found.filter(liveness.alive_filter(filters.alive, now))
    if filters.connectivity:
        found = found.filter(connectivity=filters.connectivity.replace("undecided", ""))
    if filters.mode:
        found = found.filter(MODES[filters.mode])
    if filters.tag:
        found = found.filter(tags__name=filters.tag)
    if filters.product:
        found = found.filter(product=filters.product)
    if filters.q:
        found = searching.search(found, filters.q)
    return found


def ordered(systems: QuerySet[System], sort: str, words: str = "") -> QuerySet[System]:
    """The systems in the asked order; those without the value come last, equal ones by name."""
    if sort == "name":
        return systems.annotate(by_name=searching.by_name(words)).order_by("by_name", "id")
    if sort == "-name":
        return systems.annotate(by_name=searching.by_name()).order_by("-by_name", "-id")
    field = SORTS[sort.removeprefix("-")]
    by = VersionKey(field) if field == "software_version" else F(field)
    if sort.startswith("-"):
        return systems.order_by(by.desc(nulls_last=True), "name", "id")
    return systems.order_by(by.asc(nulls_last=True), "name", "id")


def chosen_columns(request: HttpRequest, cookie: str) -> list[Column]:
    """The columns named in the address, else those remembered in the cookie, else the usual ones."""
    asked = request.GET.getlist("column") or [
        key for key in request.COOKIES.get(cookie, "").split(".") if key
    ]
    chosen = [column for column in COLUMNS if column.key in asked or column.key == "name"]
    return chosen if len(chosen) > 1 else [column for column in COLUMNS if column.is_default]
