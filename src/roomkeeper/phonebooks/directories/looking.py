"""What is wrong between us and an LDAP server: looked at with plain sockets, because libldap says little."""

import ipaddress
import socket
import ssl
from contextlib import suppress
from typing import Final

from roomkeeper.devices.contactable import Contactable
from roomkeeper.phonebooks.directories.asking import system_authorities
from roomkeeper.phonebooks.directories.questions import Login, Server

# An extended request for StartTLS (RFC 4511 4.14), as message 1.
_START_TLS: Final = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
_SUCCESS: Final = b"\x0a\x01\x00"
# OpenSSL's X509_V_ERR_ numbers: not yet valid, expired; host name, address mismatch.
_EXPIRED: Final = frozenset({9, 10})
_MISMATCH: Final = frozenset({62, 64})


def addresses_problem(server: Server, contactable: Contactable) -> str:
    """Why the server may not be asked at all: `name` (not found), `forbidden`; "" where it may."""
    try:
        found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return "name"
    addresses = {str(entry[4][0]).partition("%")[0] for entry in found}
    # libldap tries all of them.
    is_allowed = all(contactable.allows(ipaddress.ip_address(one)) for one in addresses)
    return "" if is_allowed else "forbidden"


def connection_problem(server: Server, login: Login, limit: float) -> str:
    """Why no connection comes about: a word that `wording` knows; "" where one does."""
    try:
        with socket.create_connection((server.host, server.port), timeout=limit) as connection:
            if server.security == "none":
                return ""
            if server.security == "starttls" and not _starts_tls(connection):
                return "no-start-tls"
            return _tls_problem(connection, server, login)
    except TimeoutError:
        return "no-connection"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "unreachable"


def authority_problem(login: Login) -> str:
    """Whether the authorities that were given can be read: `authority` where not."""
    if login.authority:
        try:
            ssl.create_default_context(cadata=login.authority)
        except (ssl.SSLError, ValueError):
            return "authority"
    return ""


def _starts_tls(connection: socket.socket) -> bool:
    """Whether the server agrees to go on with TLS."""
    connection.sendall(_START_TLS)
    with suppress(OSError):
        return _SUCCESS in connection.recv(4_096)
    return False


def _tls_problem(connection: socket.socket, server: Server, login: Login) -> str:
    if login.authority:
        context = ssl.create_default_context(cadata=login.authority)
    else:
        context = ssl.create_default_context(cafile=system_authorities() or None)
    try:
        with context.wrap_socket(connection, server_hostname=server.host):
            return ""
    except ssl.SSLCertVerificationError as error:
        if error.verify_code in _EXPIRED:
            return "expired"
        return "mismatch" if error.verify_code in _MISMATCH else "untrusted"
    except TimeoutError:
        return "no-tls-answer"
    except (ssl.SSLError, OSError):
        return "no-tls"
