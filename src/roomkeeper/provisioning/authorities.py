"""Authorities that devices are to trust: what a PEM text holds, which systems can be given it, and giving it.

An authority reaches a device by HTTPS alone: pushed to the pinned key, or in the answer to a post that came by HTTPS
(rule R6).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from django.conf import settings as django_settings

from roomkeeper.accounts.person import Person
from roomkeeper.devices import registry
from roomkeeper.devices.quirks import quirks_of
from roomkeeper.provisioning import actions
from roomkeeper.provisioning.models import Action
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import REACHABLE, Connectivity, Contact, State, System
from roomkeeper.systems.models.settings_for_devices import is_authority
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

# What a device says of one that it has already (protocol notes J).
ALREADY_THERE: Final = "already exists"
# What is left where a release has no command for it (protocol notes O).
BY_HAND: Final = noop("install it on the device's own web page")
PEM_LIMIT: Final = 200_000
_MOST: Final = 50


class AuthorityRefused(ValueError):
    """The text is no authority that a device could be given."""

    status, field = 422, "pem"


class NoAuthority(AuthorityRefused):
    """This server has no authority that it could give."""

    status, hint = 409, "Send the certificate as `pem`."


@dataclass(frozen=True, slots=True)
class Authority:
    """One authority of a PEM text; `fingerprint` is SHA-256, as people compare it."""

    subject: str
    fingerprint: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Planned:
    """What would become of one system; `verdict` is install or cannot, with the reason."""

    system: System
    verdict: str
    reason: str = ""


def read(pem: str, *, now: datetime) -> list[Authority]:
    """The authorities of a PEM text. Raises `AuthorityRefused` with a sentence for what is none."""
    if "PRIVATE KEY" in pem:
        raise AuthorityRefused(_("The text contains a private key; devices are only given certificates."))
    if len(pem) > PEM_LIMIT:
        raise AuthorityRefused(_("The text is over {limit} characters.", limit=PEM_LIMIT))
    try:
        found = x509.load_pem_x509_certificates(pem.encode("ascii", "replace"))
    except ValueError as error:
        words = _("The text holds no certificate in PEM form (-----BEGIN CERTIFICATE-----).")
        raise AuthorityRefused(words) from error
    if len(found) > _MOST:
        raise AuthorityRefused(
            _(
                "The text holds {count} certificates; at most {most} are installed at once.",
                count=len(found),
                most=_MOST,
            )
        )
    return [_read_one(certificate, now) for certificate in found]


def _read_one(certificate: x509.Certificate, now: datetime) -> Authority:
    subject = certificate.subject.rfc4514_string()
    if not is_authority(certificate):
        raise AuthorityRefused(
            _("{subject} is the certificate of a server or a person, not of an authority.", subject=subject)
        )
    if certificate.not_valid_after_utc <= now:
        raise AuthorityRefused(
            _(
                "{subject} expired on {not_valid_after_utc:%Y-%m-%d}.",
                subject=subject,
                not_valid_after_utc=certificate.not_valid_after_utc,
            )
        )
    digest = certificate.fingerprint(hashes.SHA256())
    return Authority(subject, ":".join(f"{byte:02X}" for byte in digest), certificate.not_valid_after_utc)


def own() -> str:
    """The PEM certificate of the authority that signs this server's; `NoAuthority` where there is none."""
    options = django_settings.OPTIONS
    if options.tls_certificate:
        raise NoAuthority(
            _(
                "This server uses a certificate of your own authority. Give the systems that "
                "authority's certificate."
            )
        )
    try:
        return (options.data / "tls" / "ca.pem").read_text("ascii")
    except OSError as error:
        raise NoAuthority(_("The authority's certificate cannot be read: {error}", error=error)) from error


def plan(systems: Iterable[System]) -> list[Planned]:
    """Which of the systems can be given an authority. One query for all."""
    chosen = list(systems)
    schemes = dict(
        Contact.objects.filter(system__in=[system.pk for system in chosen]).values_list("system_id", "scheme")
    )
    planned = []
    for system in chosen:
        reason = _why_not(system, schemes.get(system.pk, ""))
        planned.append(Planned(system, "cannot" if reason else "install", reason))
    return planned


def _why_not(system: System, scheme: str) -> str:
    family = registry.get_family(system.family)
    if system.state != State.MANAGED:
        return _("it is not managed")
    if not family.can("run_command"):
        return _("authorities cannot be installed on {title}", title=family.title)
    if not quirks_of(system.software_version, system.family).authority_command:
        return _(
            "its software {software_version} has no command to install an authority: {by_hand}",
            software_version=system.software_version,
            by_hand=_(BY_HAND),
        )
    if system.connectivity == Connectivity.BEHIND_FIREWALL and scheme != "https":
        return _("it posts by plain HTTP, and an authority is sent by HTTPS only")
    if system.connectivity in REACHABLE and not credentials.has_credentials(system):
        return _("no credentials are stored for it")
    return ""


def install(system: System, pem: str, *, user: Person, now: datetime) -> Action:
    """Have the system trust the authorities of a text that `read` has taken. Raises `ActionRefused`."""
    (planned,) = plan([system])
    if planned.reason:
        raise actions.ActionRefused(
            _("No authority can be installed on {system}: {reason}.", system=system, reason=planned.reason)
        )
    # Certificates alone: what else may stand in the text, words of people say, is not for devices.
    found = x509.load_pem_x509_certificates(pem.encode("ascii", "replace"))
    body = "".join(one.public_bytes(serialization.Encoding.PEM).decode("ascii") for one in found)
    command = quirks_of(system.software_version, system.family).authority_command
    return actions.ask(system, command, user=user, now=now, body=body)
