"""xAPI commands: which a device has, calling them, and what it answers. Not here: deciding to call one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.document import (
    find_document,
    get_document,
    is_known_name,
    read_head,
    read_leaves,
    tell_lost,
    words_of,
)
from roomkeeper.protocols.xapi.paths import MAX_KEY, parse_path
from roomkeeper.protocols.xapi.valuespace import ValueSpace, decode_value_space, read_reference
from roomkeeper.protocols.xml import encode_element, encode_text, find_child, is_name, parse, text_at
from roomkeeper.words import gettext as _

_BODY: Final = "body"
_SUCCESS: Final = "Success"
_MAX_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class CommandCall:
    """One command to run: `HttpFeedback/Register`, arguments in order (a tuple is sent repeated), the body."""

    path: str
    arguments: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    body: str | None = None


@dataclass(frozen=True, slots=True)
class CommandParameter:
    """One parameter of a command. `multiple` is how many values it takes at most, 1 for most."""

    name: str
    is_required: bool
    multiple: int
    default: str | None
    value_space: ValueSpace | None
    value_space_ref: str = ""


@dataclass(frozen=True, slots=True)
class CommandDescription:
    """One command of a device: who may call it, whether it takes a body, and its parameters by name."""

    path: str
    roles: tuple[str, ...]
    is_multiline: bool
    backend: str
    parameters: dict[str, CommandParameter]


@dataclass(frozen=True, slots=True)
class CommandDocument:
    """The commands that a device has, by path (`HttpFeedback/Register`)."""

    product: str
    version: str
    api_version: str
    commands: dict[str, CommandDescription]
    mended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What one command answered. `name` is the element's (`VolumeSetResult`, or `ActionError`).

    `values` are its data by path; `reason` and `cause` are the device's own words where it refused. One that neither
    said OK nor refused has no reason: whether it ran is not known.
    """

    name: str
    ok: bool
    values: dict[str, str]
    reason: str = ""
    cause: str = ""


def decode_command_document(data: bytes) -> CommandDocument:
    """The Command document of a device (protocol notes D.4). Raises ProtocolError for anything else."""
    notes: list[str] = []
    document = get_document(data, "Command", notes)
    head = read_head(document)
    commands: dict[str, CommandDescription] = {}
    lost: list[str] = []
    _collect_commands(document, "", commands, lost)
    mended = (*notes, *tell_lost(lost))
    return CommandDocument(head.product, head.version, head.api_version, commands, mended)


def _collect_commands(
    parent: Element, prefix: str, commands: dict[str, CommandDescription], lost: list[str]
) -> None:
    for child in parent:
        if not is_known_name(child.tag) or len(prefix) + len(child.tag) > MAX_KEY:
            lost.append(f"{prefix}{child.tag[:40]}")
            continue
        path = prefix + child.tag
        if _is_true(child, "command"):
            commands[path] = CommandDescription(
                path=path,
                roles=tuple(role for role in child.get("role", "").split(";") if role),
                is_multiline=_is_true(child, "multiline"),
                backend=child.get("backend", ""),
                parameters={parameter.tag: _read_parameter(parameter) for parameter in child},
            )
        else:
            _collect_commands(child, f"{path}/", commands, lost)


def _is_true(element: Element, attribute: str) -> bool:
    return element.get(attribute, "").lower() == "true"


def _read_parameter(element: Element) -> CommandParameter:
    space = find_child(element, "ValueSpace")
    multiple = element.get("multiple", "1")
    return CommandParameter(
        name=element.tag,
        is_required=_is_true(element, "required"),
        multiple=int(multiple) if multiple.isascii() and multiple.isdigit() and len(multiple) < 9 else 1,
        default=element.get("default"),
        value_space=decode_value_space(space) if space is not None else None,
        value_space_ref=read_reference(element),
    )


def encode_commands(calls: Iterable[CommandCall]) -> bytes:
    """The body of a putxml that runs the calls in order (protocol notes D.6).

    Raises ValueError, naming the argument, for characters that XML cannot hold and for names that are none.
    """
    return f'<?xml version="1.0"?>\n<Command>{encode_calls(calls)}</Command>'.encode()


def encode_calls(calls: Iterable[CommandCall]) -> str:
    """The calls as elements, without a root: each in its own branch, so that order and number are kept."""
    return "".join(_encode_call(call) for call in calls)


def _encode_call(call: CommandCall) -> str:
    *branch, leaf = (node.name for node in parse_path(call.path))
    parts = [f"<{name}>" for name in branch]
    parts.append(f'<{leaf} command="True">')
    for name, value in call.arguments:
        if not is_name(name) or name == _BODY:
            raise ValueError(_("{path} cannot have an argument named {name!r}.", path=call.path, name=name))
        where = f"{call.path} {name}"
        if isinstance(value, str):
            parts.append(encode_element(name, value, where))
        else:
            parts.extend(
                encode_element(name, each, where, f' item="{place}"') for place, each in enumerate(value, 1)
            )
    if call.body is not None:
        parts.append(f"<{_BODY}>{encode_text(call.body, f'{call.path} {_BODY}')}</{_BODY}>")
    parts.append(f"</{leaf}>")
    parts.extend(f"</{name}>" for name in reversed(branch))
    return "".join(parts)


def decode_calls(document: Element) -> tuple[CommandCall, ...]:
    """The calls below a Command element, in order: what carries command="True", wherever it stands.

    Arguments that carry `item` or are repeated become a tuple. Values are kept to the last space.
    """
    calls: list[CommandCall] = []
    _collect_calls(document, "", calls)
    return tuple(calls)


def _collect_calls(parent: Element, prefix: str, calls: list[CommandCall]) -> None:
    for child in parent:
        if not is_known_name(child.tag) or len(prefix) + len(child.tag) > MAX_KEY:
            raise ProtocolError(
                _("The command has a node {tag!r}, a name that no device uses.", tag=child.tag[:40])
            )
        path = prefix + child.tag
        if _is_true(child, "command"):
            calls.append(_read_call(path, child))
        else:
            _collect_calls(child, f"{path}/", calls)


def _read_call(path: str, element: Element) -> CommandCall:
    values: dict[str, list[str]] = {}
    lists: set[str] = set()
    body: str | None = None
    for argument in element:
        text = argument.text or ""
        if argument.tag == _BODY:
            body = text
            continue
        if "item" in argument.attrib or argument.tag in values:
            lists.add(argument.tag)
        values.setdefault(argument.tag, []).append(text)
    return CommandCall(
        path,
        tuple((name, tuple(found) if name in lists else found[0]) for name, found in values.items()),
        body,
    )


def decode_command_result(data: bytes) -> list[CommandResult]:
    """What a device answered to a putxml of commands: a result for each, in order (protocol notes D.6).

    An empty list is the empty `<Command/>` with which a device answers parameters that its release does not
    know. A document that it refused as a whole gives one failed result named `ActionError` (or `Fault`,
    `Command`). Raises ProtocolError for sign-in pages and everything else.
    """
    root = parse(data)
    refusal = find_document(root, "ActionError", "Fault")
    if refusal is not None:
        return [_read_result(refusal, is_refusal=True)]
    document = find_document(root, "Command")
    if document is None:
        raise ProtocolError(_("The device answered a command with a {tag} document.", tag=root.tag[:40]))
    if document.get("status", "").strip().casefold() == "error":
        return [_read_result(document, is_refusal=True)]
    # Older releases name results by other rules: any element is a result, by its place.
    return [_read_result(child, is_refusal=child.tag == "ActionError") for child in document]


def _read_result(element: Element, *, is_refusal: bool) -> CommandResult:
    # What says neither OK nor Error is no success (rule R12).
    status = element.get("status", "").strip()
    values = read_leaves(element).values()
    refusing = [each for each in element.iter() if each.get("error", "").strip().casefold() == "true"]
    is_refusal = is_refusal or bool(refusing) or status.casefold() not in ("", "ok")
    ok = not is_refusal and (status.casefold() == "ok" or element.tag == _SUCCESS)
    reason = ""
    if is_refusal:
        told = find_child(element, "Reason")
        places = (told, *reversed(refusing), element)
        reason = next((words for each in places if each is not None and (words := words_of(each))), "")
        reason = reason or "; ".join(filter(None, values.values())) or _("The device gave no reason.")
    return CommandResult(
        name=element.tag[:255],
        ok=ok,
        values=values,
        reason=reason[:_MAX_REASON],
        cause=text_at(element, "Cause")[:_MAX_REASON] if is_refusal else "",
    )
