"""What went wrong between an LDAP server and us, in sentences that name the server and hold no secret. Pure."""

import re
from typing import Final

from roomkeeper.phonebooks.directories.questions import AskingFailed, Login, Search, Server
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

# Codes of libldap: no connection, broken off, no answer, no TLS.
_NO_CONNECTION: Final = frozenset({-1, -5, -11, 81, 85})
_BAD_FILTER: Final = -7
_BUSY: Final = frozenset({51, 52})
# What `looking` finds.
_PROBLEMS: Final = {
    "name": noop("The name of {server} was not found. Check it, and the DNS of this machine."),
    "forbidden": noop(
        "{server} is a loopback or link-local address, or one of this server, and is not contacted. An administrator"
        " of the server can allow it under Network settings > Contactable networks."
    ),
    "authority": noop(
        "The certificate authority of the source cannot be read. Paste it as PEM, from BEGIN CERTIFICATE to END"
        " CERTIFICATE."
    ),
    "no-connection": noop(
        "{server} did not take the connection in time. It is off, or a firewall stands between."
    ),
    "refused": noop("{server} refused the connection. Check the port, and that the directory runs."),
    "unreachable": noop("{server} cannot be reached. Check the address, and the network between."),
    "no-start-tls": noop(
        "{server} does not offer StartTLS on this port. Choose LDAPS, or install a certificate there."
    ),
    "no-tls-answer": noop(
        "{server} took the connection and did not answer the TLS handshake. Check that the port is for LDAPS (636)."
    ),
    "no-tls": noop(
        "{server} did not complete the TLS handshake. Check that the port is for LDAPS (636), and that the server"
        " offers TLS 1.2 or newer."
    ),
    "expired": noop(
        "The certificate of {server} has expired or is not valid yet. The password was not sent. Renew it there."
    ),
    "mismatch": noop(
        "The certificate of {server} is for another name. The password was not sent. Enter the name for which it was"
        " made."
    ),
    "untrusted": noop(
        "The certificate of {server} is signed by an authority that is not trusted. The password was not sent. Give"
        " the authority's certificate with the source."
    ),
}
# What Active Directory means by “data” where it refuses a login (LDAP code 49).
_LOGINS: Final = {
    "525": noop("{server} does not know the user. Enter the name as DN or as name@domain."),
    "52e": noop("{server} refused the user name or the password. Check both."),
    "530": noop("{server} does not let this user in at this time of day. Use another account."),
    "531": noop("{server} does not let this user in from this machine. Use another account."),
    "532": noop("{server}: the password of this user has expired. Give it a new one that does not expire."),
    "533": noop("{server}: this account is disabled. Enable it, or use another."),
    "701": noop("{server}: this account has expired. Extend it, or use another."),
    "773": noop("{server}: this user has to change the password first. Take that off the account."),
    "775": noop(
        "{server}: this account is locked. Unlock it, and check the password before the next reading."
    ),
}
_CONNECTING: Final = {
    2: noop("{server} does not understand the login ({words}). Check that LDAP version 3 is allowed there."),
    8: noop("{server} wants an encrypted connection. Choose LDAPS or StartTLS."),
    13: noop("{server} wants an encrypted connection. Choose LDAPS or StartTLS."),
    32: noop("{server} does not know the user. Enter the name as DN or as name@domain."),
    34: noop("{server} cannot read the user name. Enter it as DN (cn=…,dc=…) or as name@domain."),
    48: noop("{server} lets nobody in without a login. Enter a user name and a password."),
    49: noop("{server} refused the user name or the password. Check both."),
    51: noop("{server} is busy. It is read again when it is due next."),
    52: noop("{server} is out of service. It is read again when it is due next."),
    53: noop("{server} is unwilling to let this user in ({words}). Check user name and password."),
}
_READING: Final = {
    1: noop("{server} refused to be read ({words}). It may want a login: enter a user name and a password."),
    3: noop(
        "{server} reached its time limit after {told} entries. Allow the account more time there, have the attributes"
        " of the filter indexed, or narrow the filter. What stands was kept."
    ),
    4: noop(
        "{server} reached its size limit: it tells this account no more than {told} entries. Raise the limit for the"
        " account there (OpenLDAP: limits … size.prtotal=unlimited), or narrow base and filter. What stands was kept."
    ),
    11: noop(
        "{server} reached a limit of its administrator after {told} entries ({words}). Raise it for the account there,"
        " or narrow base and filter. What stands was kept."
    ),
    32: noop("{server} has nothing under {base}. Check the base."),
    34: noop("{base} is not a distinguished name, such as ou=people,dc=example,dc=org. Correct the base."),
    50: noop("{server} does not let this account read {base}. Give it the right to, or use another."),
    51: noop("{server} is busy. It is read again when it is due next; what stands was kept."),
    52: noop("{server} is out of service. It is read again when it is due next; what stands was kept."),
    53: noop("{server} is unwilling to answer ({words}). Check base and filter."),
}
_SILENT_AT_FIRST: Final = noop(
    "{server} took the connection and has not answered for {limit} seconds. Try again later, or allow more time."
)
_SILENCE: Final = noop(
    "{server} has not answered for {limit} seconds, after {told} entries. Try again later, or allow more time. What"
    " stands was kept."
)
_NO_PAGES: Final = noop(
    "{server} reached its size limit: it tells this account only so many entries, and no pages. Raise the limit for the"
    " account there (OpenLDAP: limits … size.prtotal=unlimited), or narrow base and filter. What stands was kept."
)
_STAGES: Final = {
    "silence": _SILENCE,
    "slow": noop(
        "{server} is too slow: it has told {told} entries and there are more. Narrow base and filter, or let it answer"
        " faster. What stands was kept."
    ),
    "memory": noop(
        "The answer of {server} is too large, after {told} entries. Map no attributes with pictures or files, or make"
        " the pages smaller. What stands was kept."
    ),
    "ended": noop(
        "The reading of {server} ended for no reason that is known, after {told} entries. Try again. What stands was"
        " kept."
    ),
    "cancelled": noop("The reading was cancelled. What stands was kept."),
}
_BROKEN: Final = noop(
    "{server} broke the connection off after {told} entries. It may be restarting; it is read again when it is due"
    " next. What stands was kept."
)


def is_about_connection(failure: AskingFailed) -> bool:
    """Whether another server may do better, before anything was told."""
    if failure.told or failure.stage == "cancelled":
        return False
    if failure.stage == "connecting":
        return failure.code in _NO_CONNECTION or failure.code in _BUSY or failure.code == 0
    return failure.stage in ("silence", "ended")


def problem_sentence(problem: str, server: Server) -> str:
    """What `looking` found."""
    return _(_PROBLEMS[problem], server=server)


def failure_sentence(
    failure: AskingFailed, server: Server, search: Search, login: Login, limit: float
) -> str:
    """Why the question was not answered."""
    words = failure.words.strip().rstrip(".")
    if login.password:
        words = words.replace(login.password, "***")
    # What libldap has in common for the code stands before what the server said.
    said = words.partition(". ")[2] or words
    values = {
        "server": server,
        "base": search.base,
        "told": failure.told,
        "limit": round(limit),
        "words": said[:200],
        "code": failure.code,
    }
    if failure.stage == "silence" and not failure.told:
        return _(_SILENT_AT_FIRST, **values)
    if failure.stage in _STAGES:
        return _(_STAGES[failure.stage], **values)
    if failure.stage == "connecting":
        if failure.code == 2 and server.security == "starttls":
            return problem_sentence("no-start-tls", server)
        return _(_of_connecting(failure), **values)
    if failure.code == 4 and not failure.told:
        return _(_NO_PAGES, **values)
    if failure.code == _BAD_FILTER:
        return _(
            "The filter cannot be read: {filter}. Write it as (&(objectClass=person)(telephoneNumber=*)).",
            filter=search.filter[:200],
        )
    if failure.code in (-5, 85):
        return _(_SILENCE, **values)
    if failure.code in _NO_CONNECTION:
        return _(_BROKEN, **values)
    known = _READING.get(failure.code)
    if known is not None:
        return _(known, **values)
    return _(
        "{server} answered with an error after {told} entries (LDAP {code}: {words}). What stands was kept.",
        **values,
    )


def _of_connecting(failure: AskingFailed) -> str:
    if failure.code == 49:
        data = re.search(r"\bdata ([0-9a-f]{2,4})\b", failure.words)
        if data is not None and data[1] in _LOGINS:
            return _LOGINS[data[1]]
    if failure.code in (-5, 85):
        return _SILENT_AT_FIRST
    return _CONNECTING.get(failure.code) or noop(
        "{server} could not be asked (LDAP {code}: {words}). Check how the connection is secured."
    )
