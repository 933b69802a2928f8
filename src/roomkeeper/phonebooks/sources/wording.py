"""What went wrong between a source's server and us, in sentences that name the server and hold no secret. Pure."""

from typing import Final

import aiohttp

from roomkeeper.devices import errors
from roomkeeper.devices.exchange import exchange_error
from roomkeeper.phonebooks.sources.urls import address_of, server_of
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

_FAILURES: Final[tuple[tuple[type[errors.DeviceError], str], ...]] = (
    (
        errors.AddressForbidden,
        noop(
            "{server} is a loopback or link-local address, or one of this server, and is not contacted. An"
            " administrator of the server can allow it under Network settings > Contactable networks."
        ),
    ),
    (
        errors.NameNotResolved,
        noop("The name of {server} was not found. Check the address and the DNS of this machine."),
    ),
    (
        errors.ConnectionRefused,
        noop("{server} refused the connection. Check the port, and that the service runs."),
    ),
    (
        errors.ConnectTimedOut,
        noop("{server} did not take the connection in time. It is off, or a firewall stands between."),
    ),
    (
        errors.TlsVersionRefused,
        noop("{server} offers no TLS version that is allowed (1.2 or newer). Update the server."),
    ),
    (
        errors.TlsFailed,
        noop("{server} did not complete the TLS handshake. Check that the port is for https."),
    ),
    (
        errors.ReadTimedOut,
        noop("{server} is too slow: it took the connection and stopped answering. Try again later."),
    ),
    (
        errors.ConnectionCutOff,
        noop("{server} cut its answer off. It may be restarting; try again later."),
    ),
    (
        errors.CertificateExpired,
        noop(
            "The certificate of {server} has expired or is not valid yet. Nothing was sent. Renew it there."
        ),
    ),
    (
        errors.CertificateNameMismatch,
        noop(
            "The certificate of {server} is for another name. Nothing was sent. Enter the name for which it was made."
        ),
    ),
    (
        errors.CertificateTooWeak,
        noop("The certificate of {server} has too weak a key or digest. Nothing was sent. Renew it there."),
    ),
    (
        errors.CertificateRefused,
        noop(
            "The certificate of {server} is signed by an authority that is not trusted. Nothing was sent. Give the"
            " authority's certificate with the source."
        ),
    ),
    (
        errors.UnexpectedAnswer,
        noop("{server} answered something that is not HTTP. Check the address and the port."),
    ),
)
_STATUSES: Final = {
    401: noop(
        "{server} refused the login (401). Check the user name, the password or the token of the source."
    ),
    403: noop(
        "{server} forbids this account to read it (403). Give the account the right to, or use another."
    ),
    404: noop("There is nothing at {address} (404). Check the address."),
    407: noop("A proxy before {server} wants a login (407). Have it let this server through."),
    410: noop("What was at {address} is gone for good (410). Check the address."),
    429: noop("{server} is asked too often (429). It is read again when it is due next."),
    503: noop("{server} is busy or being serviced (503). It is read again when it is due next."),
}


def failure_sentence(error: errors.DeviceError, url: str) -> str:
    """Why no whole answer came."""
    for kind, words in _FAILURES:
        if isinstance(error, kind):
            return _(words, server=server_of(url))
    return _(
        "{server} could not be reached. Check the address, and the network between.", server=server_of(url)
    )


def exchange_sentence(error: Exception, url: str, proxy: str = "") -> str:
    """Why aiohttp gave no whole answer of a server, or of the proxy before it."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _(
            "The proxy {proxy} does not connect to {server} ({status}). Allow it there.",
            proxy=server_of(proxy),
            server=server_of(url),
            status=error.status,
        )
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return failure_sentence(exchange_error(error, is_tls=False), proxy)
    if not isinstance(error, aiohttp.ClientError | OSError):
        return failure_sentence(errors.UnexpectedAnswer(), url)
    return failure_sentence(exchange_error(error, is_tls=url.startswith("https:")), url)


def status_sentence(status: int, url: str) -> str:
    """What an answer without what was asked for means."""
    words = _STATUSES.get(status)
    if words is not None:
        return _(words, server=server_of(url), address=address_of(url))
    if status >= 500:
        return _(
            "{server} failed with an error of its own ({status}). Its log says why.",
            server=server_of(url),
            status=status,
        )
    return _(
        "{server} refused the request ({status}). Check the address.", server=server_of(url), status=status
    )
