"""SOAP envelopes and faults, 1.1 and 1.2, and taking a body out of one. Not here: what stands in the body."""

from typing import Final
from xml.etree.ElementTree import Element

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xml import encode_text, find_child
from roomkeeper.words import gettext as _

SOAP_11: Final = "1.1"
SOAP_12: Final = "1.2"
ENVELOPE_11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
ENVELOPE_12: Final = "http://www.w3.org/2003/05/soap-envelope"

_NAMESPACES: Final = {SOAP_11: ENVELOPE_11, SOAP_12: ENVELOPE_12}
_CONTENT_TYPES: Final = {
    SOAP_11: "text/xml; charset=utf-8",
    SOAP_12: "application/soap+xml; charset=utf-8",
}


def get_content_type(soap_version: str) -> str:
    """The Content-Type header that belongs to a SOAP version."""
    return _CONTENT_TYPES[soap_version]


def envelope_head(soap_version: str) -> str:
    """Everything before the body's content. Raises ValueError for an unknown version."""
    namespace = _NAMESPACES.get(soap_version)
    if namespace is None:
        raise ValueError(
            _("There is no SOAP version {soap_version!r} here, only 1.1 and 1.2.", soap_version=soap_version)
        )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<soap:Envelope xmlns:soap="{namespace}"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
        "<soap:Body>"
    )


ENVELOPE_TAIL: Final = "</soap:Body></soap:Envelope>"


def encode_envelope(content: str, *, soap_version: str = SOAP_11) -> bytes:
    """An envelope around content that is already XML."""
    return (envelope_head(soap_version) + content + ENVELOPE_TAIL).encode("utf-8")


def encode_fault(reason: str, *, is_senders: bool = True, soap_version: str = SOAP_11) -> bytes:
    """A fault with one plain sentence. `is_senders`: the request was wrong (Client, Sender), else we failed."""
    text = encode_text(reason, "the fault's reason")
    if soap_version == SOAP_12:
        code = "soap:Sender" if is_senders else "soap:Receiver"
        content = (
            f"<soap:Fault><soap:Code><soap:Value>{code}</soap:Value></soap:Code>"
            f'<soap:Reason><soap:Text xml:lang="en">{text}</soap:Text></soap:Reason></soap:Fault>'
        )
    else:
        code = "soap:Client" if is_senders else "soap:Server"
        content = f"<soap:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring></soap:Fault>"
    return encode_envelope(content, soap_version=soap_version)


def find_version(root: Element) -> str:
    """The SOAP version of a parsed request, "1.1" where it does not say."""
    return SOAP_12 if ENVELOPE_12 in root.attrib.values() else SOAP_11


def get_content(root: Element) -> Element:
    """The first element in the body of an envelope; the root itself where there is no envelope.

    Raises ProtocolError for an envelope without content.
    """
    if root.tag != "Envelope":
        return root
    body = find_child(root, "Body")
    if body is None or not len(body):
        raise ProtocolError(_("The SOAP envelope is empty."))
    return body[0]


def encode_wsdl(template: str, address: str) -> bytes:
    """A static description with the service's address put in where it says @SERVICE_URL@."""
    return template.replace("@SERVICE_URL@", encode_text(address, "the service's address")).encode("utf-8")
