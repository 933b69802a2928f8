"""The bytes that endpoints send: whole HTTP requests, prepared before anything is measured.

Composed from the wire's description (protocol notes A.2 and B); the documents are those of ../shared/captures.
"""

from dataclasses import dataclass
from pathlib import Path

EVENTS = "/tms/public/external/management/SystemManagementService.asmx"
DOCUMENTS = "/tms/public/feedback/postdocument.aspx"
EMPTY = "/bench/empty"
CAPTURES = Path(__file__).resolve().parents[2].parent / "shared" / "captures" / "roomkit_ce10.9.1"
SOFTWARE = "ce10.9.1.0"

_EVENT = """<?xml version="1.0" encoding="utf-8"?>
<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"
              xmlns="http://www.tandberg.net/2004/11/SystemManagementService/">
 <env:Body xmlns="http://www.tandberg.net/2004/11/SystemManagementService/">
  <PostEvent>
{identification}
   <Event>{word}</Event>
  </PostEvent>
 </env:Body>
</env:Envelope>
"""
_IDENTIFICATION = """   <Identification>
     <SystemName>{name}</SystemName>
     <MACAddress>{mac}</MACAddress>
     <IPAddress>{address}</IPAddress>
     <ProductType>TANDBERG Codec</ProductType>
     <ProductID>Cisco Codec</ProductID>
     <SWVersion>{software}</SWVersion>
     <HWBoard></HWBoard>
     <SerialNumber>{serial}</SerialNumber>
   </Identification>"""
_DOCUMENT = """<?xml version="1.0" encoding="utf-8"?>
<PostedDocument>
{identification}
<Location>{location}</Location>
{document}
</PostedDocument>
"""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of a bench fleet, worked out of its number."""

    number: int

    @property
    def name(self) -> str:
        """What it calls itself."""
        return f"Room {self.number}"

    @property
    def serial(self) -> str:
        """Its serial number."""
        return f"FTT{self.number:08}"

    @property
    def mac(self) -> str:
        """Its MAC address as it is stored."""
        return f"02{self.number:010X}"

    @property
    def secret(self) -> str:
        """The secret in its path; 32 letters of base32 like real ones."""
        digits = "".join(
            "abcdefghijklmnopqrstuvwxyz234567"[self.number >> shift & 31] for shift in (15, 10, 5, 0)
        )
        return f"benchbenchbenchbenchbenchben{digits}"

    @property
    def address(self) -> str:
        """The address that it reports; equal to the source, so that nothing is probed."""
        return "127.0.0.1"

    def event(self, word: str) -> bytes:
        """The body of an event."""
        return _EVENT.format(identification=self._identification(), word=word).encode()

    def document(self, location: str, document: str) -> bytes:
        """The body of a posted document."""
        return _DOCUMENT.format(
            identification=self._identification(), location=location, document=document
        ).encode()

    def _identification(self) -> str:
        colons = ":".join(self.mac[start : start + 2] for start in range(0, 12, 2))
        return _IDENTIFICATION.format(
            name=self.name, mac=colons, address=self.address, software=SOFTWARE, serial=self.serial
        )


def request(path: str, body: bytes, *, host: str, closes: bool = False) -> bytes:
    """A whole HTTP request as CE sends it."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {host}",
        "User-Agent: Cisco/CE",
        "Content-Type: text/xml; charset=utf-8",
        f"Content-Length: {len(body)}",
    ]
    if closes:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode() + body


def beat(
    endpoint: Endpoint, *, host: str, path: str = EVENTS, closes: bool = False, word: str = "Beat"
) -> bytes:
    """A heartbeat of a proven system, or the same bytes to another path of the same length of work."""
    return request(f"{path}/{endpoint.secret}", endpoint.event(word), host=host, closes=closes)


def posted(endpoint: Endpoint, location: str, document: str, *, host: str) -> bytes:
    """A posted document of a proven system."""
    return request(f"{DOCUMENTS}/{endpoint.secret}", endpoint.document(location, document), host=host)


def captured(name: str) -> str | None:
    """`status.xml` or `configuration.xml` of a real Room Kit without its declaration; None where it is missing."""
    path = CAPTURES / name
    if not path.exists():
        return None
    text = path.read_text("utf-8", "replace")
    return text.partition("?>")[2].strip() if text.lstrip().startswith("<?xml") else text.strip()


def with_uptime(status: str, seconds: int) -> str:
    """The status as it stands some time later."""
    head, mark, rest = status.partition("<Uptime>")
    if not mark:
        return status
    return f"{head}{mark}{seconds}</Uptime>{rest.partition('</Uptime>')[2]}"
