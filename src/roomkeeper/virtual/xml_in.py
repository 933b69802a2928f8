"""Documents as endpoints read them: this package's own decoder, by local names, without entities."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree


class BadDocument(ValueError):
    """Not a document that an endpoint can read."""


def parse(data: bytes) -> etree._Element:
    """The root element; raises BadDocument."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        recover=False,
    )
    try:
        root = etree.fromstring(data.strip(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadDocument(str(error)) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadDocument("document types are not read")
    return root


def name_of(element: etree._Element) -> str:
    """The tag without its namespace."""
    return str(etree.QName(element).localname)


def child(element: etree._Element | None, *names: str) -> etree._Element | None:
    """The first descendant along `names`, any namespace, any case; None where it ends."""
    for name in names:
        if element is None:
            return None
        element = next((one for one in element if name_of(one).lower() == name.lower()), None)
    return element


def text_of(element: etree._Element | None) -> str:
    """An element's own text, trimmed; empty for none."""
    return (element.text or "").strip() if element is not None else ""


def _item(element: etree._Element) -> int | None:
    text = element.get("item", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def leaves(root: etree._Element) -> list[tuple[str, str]]:
    """(path, value) for every leaf below `root`; an empty leaf is the empty string (protocol notes D.5)."""
    found: list[tuple[str, str]] = []

    def walk(element: etree._Element, prefix: str) -> None:
        for one in element:
            item = _item(one)
            path = prefix + name_of(one) + ("" if item is None else f"[{item}]")
            if len(one):
                walk(one, path + "/")
            else:
                found.append((path, (one.text or "").strip()))

    walk(root, "")
    return found


@dataclass(slots=True)
class PostedCall:
    """One command asked for."""

    path: str
    arguments: dict[str, list[str]] = field(default_factory=dict)
    body: str | None = None

    def first(self, name: str, default: str = "") -> str:
        """The first value of a parameter, by any case."""
        for known, values in self.arguments.items():
            if known.lower() == name.lower() and values:
                return values[0]
        return default

    def all(self, name: str) -> list[str]:
        """All values of a parameter."""
        return next((values for known, values in self.arguments.items() if known.lower() == name.lower()), [])


def calls(root: etree._Element) -> list[PostedCall]:
    """Every element that carries `command="True"`, in order (protocol notes D.6)."""
    found: list[PostedCall] = []

    def walk(element: etree._Element, prefix: str) -> None:
        for one in element:
            path = prefix + name_of(one)
            if one.get("command", "").lower() == "true":
                call = PostedCall(path)
                for parameter in one:
                    name = name_of(parameter)
                    if name.lower() == "body":
                        call.body = parameter.text or ""
                    else:
                        call.arguments.setdefault(name, []).append((parameter.text or "").strip())
                found.append(call)
            else:
                walk(one, path + "/")

    walk(root, "")
    return found


@dataclass(slots=True)
class SoftwarePackage:
    """A package offered in an answer (protocol notes A.5, G)."""

    url: str
    version_id: str = ""
    session_id: str = ""
    feedback_url: str = ""


@dataclass(slots=True)
class ManagerAnswer:
    """What a manager's answer to a post told us to do."""

    heartbeat_seconds: int | None = None
    settings: list[tuple[str, str]] = field(default_factory=list)
    calls: list[PostedCall] = field(default_factory=list)
    bookings: list[dict[str, str]] | None = None
    software: SoftwarePackage | None = None
    documents: list[tuple[str, str]] = field(default_factory=list)


def bookings(listing: etree._Element) -> list[dict[str, str]]:
    """The bookings of a list, each as its leaves by path without item numbers (protocol notes H.1)."""
    found = []
    for one in listing:
        if name_of(one) == "Booking":
            found.append({path.replace("[1]", ""): value for path, value in leaves(one)})
    return found


def _bookings(calendar: etree._Element | None) -> list[dict[str, str]] | None:
    listing = child(calendar, "Bookings")
    if listing is None:
        return None
    return bookings(listing)


def manager_answer(data: bytes) -> ManagerAnswer:
    """Read a PostEventResponse, members in any order (protocol notes A.5); raises BadDocument."""
    root = parse(data)
    result = next(
        (one for one in root.iter() if isinstance(one.tag, str) and name_of(one) == "PostEventResult"), None
    )
    if result is None:
        message = f"no PostEventResult in an answer of <{name_of(root)}>"
        raise BadDocument(message)
    answer = ManagerAnswer()
    heartbeat = text_of(child(result, "HeartBeatInterval"))
    if heartbeat.isascii() and heartbeat.isdigit() and len(heartbeat) < 9:
        answer.heartbeat_seconds = int(heartbeat)
    management = child(result, "Management")
    if management is None:
        return answer
    settings = child(management, "Configuration")
    if settings is not None:
        inner = child(settings, "Configuration")
        answer.settings = leaves(inner if inner is not None else settings)
    commands = child(management, "Command")
    if commands is not None:
        inner = child(commands, "Command")
        answer.calls = calls(inner if inner is not None else commands)
    answer.bookings = _bookings(child(management, "Calendar"))
    software = child(management, "Software")
    url = text_of(child(software, "Package", "URL"))
    if url:
        answer.software = SoftwarePackage(
            url,
            version_id=text_of(child(software, "Package", "VersionId")),
            session_id=text_of(child(software, "SessionId")),
            feedback_url=text_of(child(software, "Feedback", "URL")),
        )
    documents = child(management, "DocumentsToPost")
    if documents is not None:
        for one in documents:
            location, target = text_of(child(one, "Location")), text_of(child(one, "URL"))
            if location and target:
                answer.documents.append((location, target))
    return answer
