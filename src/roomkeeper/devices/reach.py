"""Whether a system may be contacted at all, checked in the lowest layer before a socket opens (design idea 3)."""

from dataclasses import dataclass
from typing import Final

from roomkeeper.devices import errors
from roomkeeper.devices.contactable import Contactable
from roomkeeper.words import gettext as _

_REACHABLE: Final = frozenset({"reachable_on_lan", "reachable_on_public_internet"})
_SECURE: Final = frozenset({"https"})
TRANSPORTS: Final = frozenset({"https", "http", "snmp"})


@dataclass(frozen=True, slots=True)
class Reach:
    """What connectivity and Secure-Only allow. `connectivity` in the words of the REST API (contract 6.3).

    `contactable` are the addresses at which anybody may be contacted.
    `is_first_contact`: somebody adds the system, or rule R1 asks for a probe, so there is no connectivity to obey.
    """

    connectivity: str
    is_secure_only: bool = False
    is_first_contact: bool = False
    contactable: Contactable = Contactable()

    def allows(self, transport: str) -> bool:
        """Whether `https`, `http` or `snmp` may be used towards the system."""
        if not self.is_first_contact and self.connectivity not in _REACHABLE:
            return False
        return transport in (_SECURE if self.is_secure_only else TRANSPORTS)

    def demand(self, transport: str) -> None:
        """Raises `ContactForbidden`, with the reason, where the transport may not be used."""
        if self.allows(transport):
            return
        if not self.is_first_contact and self.connectivity not in _REACHABLE:
            state = self.connectivity.replace("_", " ") or _("not decided")
            raise errors.ContactForbidden(evidence=_("Its connectivity is {state}.", state=state))
        raise errors.ContactForbidden(
            evidence=_("Its mode is Secure-Only, which excludes {transport}.", transport=transport.upper())
        )
