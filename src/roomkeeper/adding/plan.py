"""What a job of adding was asked to do, as its rows and secrets hold it, and as its items are worked on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from roomkeeper.accounts.models import User
from roomkeeper.devices.contactable import Contactable
from roomkeeper.devices.discovery import AddressSearch
from roomkeeper.devices.login import Login
from roomkeeper.devices.reach import Reach
from roomkeeper.devices.snmp import SNMP_PORT, SnmpLogin
from roomkeeper.devices.tls import TlsPolicy, Trust
from roomkeeper.jobs.running import Item, RunningJob
from roomkeeper.provisioning.manager_protocol import WhenHttpIsOff
from roomkeeper.systems import inventory, network_settings
from roomkeeper.systems.addresses import is_within, parse_networks
from roomkeeper.systems.contact import credential_list
from roomkeeper.systems.models import REACHABLE, Connectivity, Contact, Credential, Folder, State, System

KIND: Final = "add systems"


@dataclass(frozen=True, slots=True)
class ItemRequest:
    """What one item of the job is to add, and how."""

    item_id: int
    host: str
    http_port: int | None
    https_port: int | None
    name: str
    folder: Folder
    tags: tuple[str, ...]
    mac_address: str
    serial_number: str
    own_login: Login | None

    def __str__(self) -> str:
        return self.host or self.serial_number or self.mac_address


@dataclass(frozen=True, slots=True)
class AddingPlan:
    """The job's own answers to what all of its items ask.

    `typed_logins` were given for the whole job, `saved_logins` come from the list of credentials. `is_range`: nobody
    wrote the addresses one by one, so that most of them answer nothing, and logins are tried by the rules for lists.
    """

    user: User | None
    folder_id: int
    tags: tuple[str, ...]
    connectivity: str
    is_secure_only: bool
    http_port: int | None
    https_port: int | None
    typed_logins: tuple[Login, ...]
    saved_logins: tuple[Login, ...]
    own_logins: Mapping[int, Login]
    snmp_logins: tuple[SnmpLogin, ...]
    snmp_credential_ids: tuple[int, ...]
    snmp_port: int
    password_may_use_http: bool
    password_networks: tuple[str, ...]
    contactable: Contactable
    trust: Trust
    is_legacy_tls: bool
    when_http_is_off: WhenHttpIsOff
    authorities: str
    is_range: bool
    usual_http_port: int
    usual_https_port: int
    folders: Mapping[int, Folder] = field(default_factory=dict)
    secure_addresses: frozenset[str] = frozenset()

    def is_secure(self, asked: ItemRequest) -> bool:
        """Whether only HTTPS may be used: so it is wanted, or a Secure-Only system of ours stands at the address."""
        return self.is_secure_only or asked.host in self.secure_addresses

    def reach(self, asked: ItemRequest) -> Reach:
        """What may be used towards somebody of whom nothing else is known yet."""
        return Reach("", self.is_secure(asked), is_first_contact=True, contactable=self.contactable)

    def asked(self, item: Item) -> ItemRequest:
        """What an item is to add."""
        said = item.parameters
        return ItemRequest(
            item.id,
            said.get("host", ""),
            said.get("http_port") or self.http_port,
            said.get("https_port") or self.https_port,
            said.get("name", ""),
            self.folders[said.get("folder") or self.folder_id],
            tuple(dict.fromkeys((*self.tags, *said.get("tags", ())))),
            said.get("mac_address", ""),
            said.get("serial_number", ""),
            self.own_logins.get(said.get("number", -1)),
        )

    def search(self, asked: ItemRequest) -> AddressSearch:
        """How to look who is there. Where somebody wrote the address there is time for an old codec, which is slow
        with its first answer too (protocol notes N.1)."""
        found = AddressSearch(
            snmp_logins=() if self.is_secure(asked) else self.snmp_logins,
            https_port=asked.https_port or self.usual_https_port,
            http_port=0 if self.is_secure(asked) else asked.http_port or self.usual_http_port,
            snmp_port=self.snmp_port,
        )
        return found if self.is_range else replace(found, connect=4.0, read=12.0, total=18.0)

    def tls(self, pinned_key: str = "") -> TlsPolicy:
        """How certificates are judged; the key that was seen first has to be the one that is logged in to."""
        pin = pinned_key if self.trust is Trust.PIN else ""
        return TlsPolicy(self.trust, pin, self.authorities, self.is_legacy_tls)

    def may_use_http(self, host: str) -> bool:
        """Whether a login that was given for this very address may go there by HTTP (rule R6)."""
        return self.password_may_use_http or is_within(host, parse_networks(self.password_networks))


def load(job: RunningJob) -> AddingPlan:
    """The plan of a job, read from its rows and the settings of today. Raises `Folder.DoesNotExist`."""
    said, settings = job.parameters, network_settings.get()
    logins, snmp = _saved(said.get("credential_ids", ())), _snmp(said)
    folders = {folder.pk: folder for folder in Folder.objects.filter(pk__in=said.get("folder_ids", ()))}
    folder = folders.get(said["folder"]) or inventory.root_folder()
    # One that was deleted meanwhile leaves its systems to the folder of the whole job.
    folders = {
        folder_id: folders.get(folder_id, folder) for folder_id in (*said["folder_ids"], said["folder"])
    }
    return AddingPlan(
        user=User.objects.filter(pk=job.user_id or 0, is_active=True).first(),
        folder_id=said["folder"],
        tags=tuple(said.get("tags", ())),
        connectivity=said.get("connectivity", Connectivity.REACHABLE_ON_LAN),
        is_secure_only=settings.secure_only if said.get("is_secure_only") is None else said["is_secure_only"],
        http_port=said.get("http_port"),
        https_port=said.get("https_port"),
        typed_logins=tuple(Login(*one) for one in job.secrets.get("logins", ())),
        saved_logins=logins,
        own_logins={int(number): Login(*one) for number, one in job.secrets.get("rows", {}).items()},
        snmp_logins=tuple(snmp.values()),
        snmp_credential_ids=tuple(snmp),
        snmp_port=said.get("snmp_port", SNMP_PORT),
        password_may_use_http=said.get("password_may_use_http", False),
        password_networks=tuple(settings.password_over_http_networks),
        contactable=Contactable(parse_networks(settings.contactable_networks)),
        trust=Trust(said.get("trust", Trust.PIN.value)),
        is_legacy_tls=said.get("is_legacy_tls", False),
        when_http_is_off=WhenHttpIsOff(said.get("when_http_is_off", WhenHttpIsOff.USE_HTTPS)),
        authorities=settings.device_authorities,
        is_range=said.get("is_range", False),
        usual_http_port=settings.device_http_port,
        usual_https_port=settings.device_https_port,
        folders=folders,
        secure_addresses=_secure_addresses(),
    )


def _secure_addresses() -> frozenset[str]:
    """Where Secure-Only systems of ours stand: a look at them is no exception to what they allow."""
    secure = System.objects.filter(is_secure_only=True).exclude(state=State.PENDING)
    posting = Contact.objects.filter(
        system__in=secure,
        system__host="",
        system__connectivity__in=REACHABLE,
    )
    hosts = secure.exclude(host="").values_list("host", flat=True)
    return frozenset((*hosts, *posting.values_list("source_address", flat=True)))


def _saved(ids: Sequence[int]) -> tuple[Login, ...]:
    rows = Credential.objects.filter(kind=Credential.Kind.LOGIN).in_bulk(list(ids))
    return tuple(credential_list.login_of(rows[pk]) for pk in ids if pk in rows)


def _snmp(said: Mapping[str, Any]) -> dict[int, SnmpLogin]:
    if not said.get("uses_snmp"):
        return {}
    kinds = (Credential.Kind.COMMUNITY, Credential.Kind.SNMP_USER)
    chosen = said.get("snmp_ids")
    rows = credential_list.entries(*kinds)
    return {row.pk: credential_list.snmp_login_of(row) for row in rows if chosen is None or row.pk in chosen}
