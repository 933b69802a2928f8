"""A device for tests: posts what a codec posts, by hand, from a loopback address of its choice.

It shares no encoder with the product, so that one mistake cannot pass on both sides (protocol notes A to C, F).
"""

import http.client
import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

EVENTS = "/tms/public/external/management/SystemManagementService.asmx"
FEEDBACK = "/tms/public/feedback/code.aspx"
DOCUMENTS = "/tms/public/feedback/postdocument.aspx"
PHONE_BOOK = "/tms/public/external/phonebook/phonebookservice.asmx"
SERVICES = (EVENTS, FEEDBACK, DOCUMENTS, PHONE_BOOK)

XML = "text/xml; charset=utf-8"
SOAP_12 = "application/soap+xml; charset=utf-8"
_ENVELOPES = {
    "1.1": ("http://schemas.xmlsoap.org/soap/envelope/", XML),
    "1.2": ("http://www.w3.org/2003/05/soap-envelope", SOAP_12),
}
_MANAGEMENT = "http://www.tandberg.net/2004/11/SystemManagementService/"
_PHONE_BOOK = "http://www.tandberg.net/2004/06/PhoneBookSearch/"
_TRUSTS_ANYBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_TRUSTS_ANYBODY.check_hostname = False
_TRUSTS_ANYBODY.verify_mode = ssl.CERT_NONE
TIMEOUT = 60.0


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def orders(self) -> "Orders":
        """What a PostEvent's answer tells the device to do."""
        return Orders.read(self.body)


@dataclass
class Orders:
    """An answer to PostEvent, taken apart by local names (protocol notes A.5)."""

    interval: int = 0
    settings: dict[str, str] = field(default_factory=dict)
    commands: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    documents: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def read(cls, body: bytes) -> "Orders":
        root = ElementTree.fromstring(body)
        result = next(one for one in root.iter() if _local(one) == "PostEventResult")
        orders = cls(interval=int(_child(result, "HeartBeatInterval").text or 0))
        management = _child(result, "Management")
        for outer in _children(management, "Configuration"):
            for inner in _children(outer, "Configuration"):
                orders.settings.update(_leaves(inner))
        for outer in _children(management, "Command"):
            for inner in _children(outer, "Command"):
                orders.commands.update(_commands(inner))
        for outer in _children(management, "DocumentsToPost"):
            orders.documents += [
                (_child(one, "Location").text or "", _child(one, "URL").text or "")
                for one in _children(outer, "DocumentToPost")
            ]
        return orders

    @property
    def path_secret(self) -> str:
        """The secret in the Path that the device is to use from now on, or ""."""
        path = self.settings.get("Provisioning/ExternalManager/Path", "")
        return path.rpartition(".asmx/")[2] if ".asmx/" in path else ""


@dataclass
class Device:
    """A codec. `server` is the origin it calls; `secret` goes into every path once it was told one."""

    server: str
    serial: str = "FTT00000001"
    mac: str = "02:AB:00:00:00:01"
    name: str = "Room 1"
    source: str = "127.3.0.1"
    reported: str = "192.168.0.1"
    software: str = "ce9.6.1.4516ae5aaa1"
    secret: str = ""
    handed_over: list[str] = field(default_factory=list)

    def post(
        self,
        path: str,
        body: bytes,
        *,
        secret: str | None = None,
        content_type: str = XML,
        headers: dict[str, str] | None = None,
        source: str = "",
        server: str = "",
    ) -> Reply:
        """POST to a service's address with the secret in its path ("" for the bare path)."""
        secret = self.secret if secret is None else secret
        if secret:
            path = f"{path}/{secret}"
        return request(
            "POST",
            (server or self.server) + path,
            body,
            source=source or self.source,
            headers={"Content-Type": content_type, **(headers or {})},
        )

    def event(self, word: str = "Beat", *, soap: str = "1.1", obey: bool = True, **how: str) -> Reply:
        """PostEvent; takes over the secret that the answer hands over, unless told otherwise."""
        reply = self.post(EVENTS, self.event_body(word, soap=soap), content_type=_ENVELOPES[soap][1], **how)
        if reply.status == 200 and (secret := reply.orders.path_secret):
            self.handed_over.append(secret)
            if obey:
                self.secret = secret
        return reply

    def document(self, location: str, element: str, **how: str) -> Reply:
        """A posted document, `element` being its payload."""
        return self.post(DOCUMENTS, self.document_body(location, element), **how)

    def feedback(self, kind: str, inside: str, **how: str) -> Reply:
        """HTTP feedback: `kind` is Event, Status or Configuration."""
        return self.post(FEEDBACK, self.feedback_body(kind, inside), **how)

    def search(self, text: str = "", *, soap: str = "1.1", **how: str) -> Reply:
        """A phone book search."""
        return self.post(
            PHONE_BOOK, self.search_body(text, soap=soap), content_type=_ENVELOPES[soap][1], **how
        )

    def configuration(self, settings: dict[str, str] | None = None) -> str:
        """A configuration document that holds a name and whatever else is given (`SystemUnit/Name` to value)."""
        values = {"SystemUnit/Name": self.name, **(settings or {})}
        inside = "".join(_nested(path.split("/"), escape(value)) for path, value in values.items())
        return f'<Configuration product="Cisco Codec" version="{self.software}" apiVersion="4">{inside}</Configuration>'

    def status(self, inside: str = "") -> str:
        """A status document."""
        return (
            f'<Status product="Cisco Codec" version="{self.software}" apiVersion="4"><SystemUnit><Hardware><Module>'
            f"<SerialNumber>{self.serial}</SerialNumber></Module></Hardware>"
            "<ProductId>Cisco TelePresence SX10</ProductId>"
            f"<Software><Version>{self.software}</Version></Software></SystemUnit>{inside}</Status>"
        )

    def event_body(self, word: str = "Beat", *, soap: str = "1.1") -> bytes:
        return _envelope(
            f'<PostEvent xmlns="{_MANAGEMENT}">{self._identification("TANDBERG Codec", "Cisco Codec")}'
            f"<Event>{escape(word)}</Event></PostEvent>",
            soap,
        )

    def document_body(self, location: str, element: str) -> bytes:
        claims = self._identification("Cisco Codec", "Cisco TelePresence SX10")
        return (
            f"<?xml version='1.0'?><PostedDocument>{claims}<Location>{escape(location)}</Location>{element}"
            "</PostedDocument>"
        ).encode()

    def feedback_body(self, kind: str, inside: str) -> bytes:
        return f"<{kind}>{self._identification('Cisco Codec', 'Cisco SX10')}{inside}</{kind}>".encode()

    def search_body(self, text: str = "", *, soap: str = "1.1") -> bytes:
        return _envelope(
            f'<Search xmlns="{_PHONE_BOOK}">{self._identification("Cisco Codec", "Cisco SX10")}<SearchPath/>'
            f"<SearchString>{escape(text)}</SearchString><SearchType>Free</SearchType><Scope>SubTree</Scope>"
            "<MaxResult>50</MaxResult></Search>",
            soap,
        )

    def _identification(self, product_type: str, product: str) -> str:
        members = {
            "SystemName": self.name,
            "MACAddress": self.mac,
            "IPAddress": self.reported,
            "ProductType": product_type,
            "ProductID": product,
            "SWVersion": self.software,
            "HWBoard": "",
            "SerialNumber": self.serial,
        }
        inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members.items())
        return f"<Identification>{inside}</Identification>"


def request(
    method: str,
    url: str,
    body: bytes | None = None,
    *,
    source: str = "",
    headers: dict[str, str] | None = None,
    timeout: float = TIMEOUT,
) -> Reply:
    """One request on a connection of its own; any certificate will do."""
    parts = urlsplit(url)
    where = {"host": parts.hostname, "port": parts.port, "timeout": timeout}
    where["source_address"] = (source, 0) if source else None
    connection = (
        http.client.HTTPSConnection(**where, context=_TRUSTS_ANYBODY)
        if parts.scheme == "https"
        else http.client.HTTPConnection(**where)
    )
    try:
        # What stands before the path's first slash is gone, and doubled slashes stay as they are.
        target = url.split("://", 1)[1].partition("/")
        connection.request(method, f"/{target[2]}", body, headers or {})
        answer = connection.getresponse()
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def _envelope(content: str, soap: str) -> bytes:
    namespace = _ENVELOPES[soap][0]
    return (
        f'<?xml version="1.0" encoding="utf-8"?><env:Envelope xmlns:env="{namespace}"><env:Body>{content}'
        "</env:Body></env:Envelope>"
    ).encode()


def _nested(names: list[str], text: str) -> str:
    head, tail = "", ""
    for name in names:
        tag, _, item = name.rstrip("]").partition("[")
        head += f'<{tag} item="{item}">' if item else f"<{tag}>"
        tail = f"</{tag}>" + tail
    return head + text + tail


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _children(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [one for one in element if _local(one) == name]


def _child(element: ElementTree.Element, name: str) -> ElementTree.Element:
    return _children(element, name)[0]


def _leaves(element: ElementTree.Element, path: str = "") -> dict[str, str]:
    found = {}
    for one in element:
        item = f"[{one.get('item')}]" if one.get("item") else ""
        here = f"{path}/{_local(one)}{item}".lstrip("/")
        if len(one):
            found.update(_leaves(one, here))
        else:
            found[here] = one.text or ""
    return found


def _commands(element: ElementTree.Element, path: str = "") -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    for one in element:
        here = f"{path}/{_local(one)}".lstrip("/")
        if one.get("command"):
            arguments = found.setdefault(here, {})
            for argument in one:
                arguments.setdefault(_local(argument), []).append(argument.text or "")
        else:
            found.update(_commands(one, here))
    return found
