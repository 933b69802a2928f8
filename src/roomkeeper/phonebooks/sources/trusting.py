"""Which servers of sources are spoken to: at what addresses, and with whose certificates."""

import socket
import ssl

from aiohttp.abc import AbstractResolver, ResolveResult

from roomkeeper.devices.contactable import Contactable, addresses_of
from roomkeeper.phonebooks.sources import Reading, SourceFailed
from roomkeeper.words import gettext as _


def certificate_context(reading: Reading, server: str) -> ssl.SSLContext:
    """How the server's certificate is judged, by `authority` and `unverified` of the reading's settings; where it is
    not, the reading warns of it. Raises `SourceFailed` for authorities that cannot be read."""
    authority = str(reading.settings.get("authority") or "").strip()
    if reading.settings.get("unverified"):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        sentence = _(
            "The certificate of {server} is not checked, so anyone on the network between can read the login and"
            " answer anything. Give its authority's certificate instead.",
            server=server,
        )
        if sentence not in reading.warnings:
            reading.warnings.append(sentence)
        return context
    try:
        context = ssl.create_default_context(cadata=authority or None)
    except (ssl.SSLError, ValueError) as error:
        raise SourceFailed(
            _(
                "The certificate authority of the source cannot be read. Paste it as PEM, from BEGIN CERTIFICATE to END"
                " CERTIFICATE."
            )
        ) from error
    # A certificate that is given by hand is trusted, though it be of the server itself or of an authority in between.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


class ContactableResolver(AbstractResolver):
    """Gives aiohttp none but the addresses that may be contacted, so that no name leads elsewhere."""

    def __init__(self, contactable: Contactable) -> None:
        self._contactable = contactable

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses behind a name. Raises `NameNotResolved` and `AddressForbidden`."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in await addresses_of(host, self._contactable, family=family)
        ]

    async def close(self) -> None:
        """Nothing is held."""
