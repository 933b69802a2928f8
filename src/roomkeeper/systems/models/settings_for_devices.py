"""What Network settings hold for devices, made sure to be usable: SNMP values, time servers, authorities.

Each rule gives the cleaned value, or raises `ValueError` with the sentence that stands beside the field.
"""

import ipaddress
import re
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from roomkeeper.systems import windows
from roomkeeper.words import gettext as _

# As long as every release takes it (protocol notes M).
SNMP_LIMIT: Final = 50
ADDRESS_LIMIT: Final = 64
NTP_SERVERS: Final = 3
AUTHORITIES_LIMIT: Final = 500_000
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,62})(\.[a-z0-9]([a-z0-9-]{0,62}))*")


def clean_snmp_text(text: object) -> str:
    """A contact, location or community: printable, at most 50 characters."""
    value = str(text or "").strip()
    if len(value) > SNMP_LIMIT:
        raise ValueError(_("may have at most {limit} characters.", limit=SNMP_LIMIT))
    if not value.isprintable():
        raise ValueError(_("may only contain printable characters."))
    return value


def _clean_host(text: object) -> str:
    """A host name or an address."""
    value = str(text or "").strip().lower().rstrip(".")
    if not value:
        return ""
    try:
        return str(ipaddress.ip_address(value.removeprefix("[").removesuffix("]")))
    except ValueError:
        if len(value) > ADDRESS_LIMIT or not _HOST.fullmatch(value):
            raise ValueError(
                _(
                    "must be a host name or an address, with at most {limit} characters and without a port.",
                    limit=ADDRESS_LIMIT,
                )
            ) from None
    return value


def clean_window(text: object) -> str:
    """A maintenance window; empty is always open."""
    value = " ".join(str(text or "").split())
    if len(value) > windows.TEXT_LIMIT:
        raise ValueError(_("may have at most {TEXT_LIMIT} characters.", TEXT_LIMIT=windows.TEXT_LIMIT))
    windows.parse(value)
    return value


def clean_zone(text: object) -> str:
    """A time zone, for systems that report none."""
    value = str(text or "").strip()
    if windows.find_zone(value) is None:
        raise ValueError(_("{value!r} is not a time zone such as Europe/Oslo.", value=value))
    return value


def clean_device_zone(text: object) -> str:
    """The time zone that systems are given; empty gives them none."""
    return clean_zone(text) if str(text or "").strip() else ""


def clean_ntp_servers(value: object) -> list[str]:
    """Host names or addresses, at most three; the order is that in which systems use them."""
    if not isinstance(value, list | tuple):
        raise ValueError(_("must be a list of host names or addresses."))
    try:
        found = [_clean_host(one) for one in value]
    except ValueError as error:
        raise ValueError(_("must be host names or addresses, without ports.")) from error
    servers = list(dict.fromkeys(one for one in found if one))
    if len(servers) > NTP_SERVERS:
        raise ValueError(
            _(
                "may have at most {ntp_servers} servers, because systems accept no more.",
                ntp_servers=NTP_SERVERS,
            )
        )
    return servers


def clean_authorities(text: object) -> str:
    """Certificates of authorities in PEM, one after the other; whatever stands around them is dropped."""
    value = str(text or "").strip()
    if not value:
        return ""
    if len(value) > AUTHORITIES_LIMIT:
        raise ValueError(_("may have at most {limit} characters.", limit=AUTHORITIES_LIMIT))
    if "PRIVATE KEY" in value:
        raise ValueError(_("contains a private key; enter only certificates."))
    try:
        found = x509.load_pem_x509_certificates(value.encode())
        for number, certificate in enumerate(found, start=1):
            if not is_authority(certificate):
                raise ValueError(
                    _("certificate {number} is not an authority: it may not sign others.", number=number)
                )
        return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in found).strip()
    except (UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise ValueError(_("contains a kind of certificate that cannot be read.")) from error
    except ValueError as error:
        # The library's own errors are about bytes; ours are sentences.
        if str(error).startswith("certificate "):
            raise
        raise ValueError(
            _("must be certificates in PEM, from BEGIN CERTIFICATE to END CERTIFICATE.")
        ) from error


def count_authorities(text: str) -> int:
    """How many authorities a cleaned text names."""
    return text.count("-----BEGIN CERTIFICATE-----")


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether it may sign others."""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        # Roots from before that extension say so by signing themselves.
        return certificate.issuer == certificate.subject
    return constraints.value.ca
