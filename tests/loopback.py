"""What runs in tests runs on loopback addresses: the one place where that is allowed to what is tested."""

from dataclasses import dataclass
from functools import partial
from ipaddress import ip_network
from typing import Final

from roomkeeper.devices import discovery, reach, tls
from roomkeeper.devices.contactable import Contactable

NETWORKS: Final = ("127.0.0.0/8", "::1/128")
LOOPBACK: Final = Contactable(tuple(ip_network(network) for network in NETWORKS))
fetch_certificate: Final = partial(tls.fetch_certificate, contactable=LOOPBACK)
find_agreements: Final = partial(tls.find_agreements, contactable=LOOPBACK)


@dataclass(frozen=True, slots=True)
class Reach(reach.Reach):
    """What a mode allows, of endpoints on loopback addresses."""

    contactable: Contactable = LOOPBACK


look_at: Final = partial(discovery.look_at, reach=Reach("", is_first_contact=True))
