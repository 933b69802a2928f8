"""Commands of the CA store and the service certificates (protocol notes J)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkeeper.virtual import tls
from roomkeeper.virtual.commands.registry import CommandFailed, command
from roomkeeper.virtual.xml_in import PostedCall
from roomkeeper.virtual.xml_out import Result

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint


@command("Security/Certificates/CA/Add")
def add_authorities(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Trust one or more authorities; from now on their servers are accepted."""
    try:
        blocks = tls.split_pem(call.body or "")
    except ValueError:
        raise CommandFailed("No valid certificates in the document") from None
    known = endpoint.device.shelf.authorities
    fresh = [one for one in blocks if tls.fingerprint(one) not in known]
    if not fresh:
        raise CommandFailed("Certificate already exists")
    endpoint.trust("".join(fresh))
    return {}


@command("Security/Certificates/CA/Delete")
def delete_authority(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Trust an authority no more."""
    if endpoint.device.shelf.authorities.pop(_plain(call.first("Fingerprint")), None) is None:
        raise CommandFailed("No such certificate")
    return {}


@command("Security/Certificates/CA/Show")
def show_authorities(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """The trusted authorities."""
    return {"Details": [_details(one, call, "CA") for one in endpoint.device.shelf.authorities.values()]}


@command("Security/Certificates/Services/Add")
def add_service(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Store a key with its certificate; it serves nothing until it is activated."""
    try:
        found = tls.Certificate.from_pem(call.body or "", call.first("PrivateKeyPassword"))
    except ValueError:
        raise CommandFailed("The document does not hold a key and its certificate") from None
    fingerprint = tls.fingerprint(found.certificate_pem.decode())
    if fingerprint in endpoint.certificates:
        raise CommandFailed("Certificate already exists")
    endpoint.certificates[fingerprint] = found
    return {}


@command("Security/Certificates/Services/Activate")
def activate_service(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Use a stored certificate for a purpose; HTTPS shows it from the next connection on."""
    fingerprint = _plain(call.first("Fingerprint"))
    if fingerprint not in endpoint.certificates:
        raise CommandFailed("No such certificate")
    purpose = call.first("Purpose")
    for used in endpoint.device.shelf.service_use.values():
        used.discard(purpose)
    endpoint.device.shelf.service_use.setdefault(fingerprint, set()).add(purpose)
    endpoint.forget_tls_context()
    return {}


@command("Security/Certificates/Services/Deactivate")
def deactivate_service(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Use a certificate for a purpose no more."""
    used = endpoint.device.shelf.service_use.get(_plain(call.first("Fingerprint")), set())
    used.discard(call.first("Purpose"))
    endpoint.forget_tls_context()
    return {}


@command("Security/Certificates/Services/Delete")
def delete_service(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Remove a stored certificate."""
    fingerprint = _plain(call.first("Fingerprint"))
    if endpoint.certificates.pop(fingerprint, None) is None:
        raise CommandFailed("No such certificate")
    endpoint.device.shelf.service_use.pop(fingerprint, None)
    endpoint.forget_tls_context()
    return {}


@command("Security/Certificates/Services/Show")
def show_services(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """The stored certificates and what they are used for."""
    wanted = call.first("Filter")
    shown: list[Result] = []
    for fingerprint, one in endpoint.certificates.items():
        used = endpoint.device.shelf.service_use.get(fingerprint, set())
        if not wanted or wanted in used:
            shown.append(_details(one.certificate_pem.decode(), call, ",".join(sorted(used))))
    return {"Details": shown}


def _plain(fingerprint: str) -> str:
    return fingerprint.replace(":", "").lower()


def _details(pem: str, call: PostedCall, used_for: str) -> Result:
    described = {**tls.describe(pem), "UsedFor": used_for}
    if call.first("Format") == "PEM":
        described["Certificate"] = pem
    return described
