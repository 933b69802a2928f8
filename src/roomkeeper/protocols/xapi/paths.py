"""Setting paths by R7: `SIP/Proxy[2]/Address`. Not here: which paths a device has."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

SettingPath: TypeAlias = str
"""A canonical path: no root, `/` between nodes, the device's spelling, brackets where a node carries `item`."""

Tree: TypeAlias = "dict[str, str | Tree]"

MAX_KEY: Final = 255  # characters of a match key, which is never shorter than its path; real: up to 130
MAX_INDEX_DIGITS: Final = 9

_EXAMPLE: Final = noop('A setting path looks like "Phonebook/Server[1]/URL"')
_ROOTS: Final = frozenset({"configuration", "xconfiguration"})
_SEPARATORS: Final = re.compile(r"[/\s]+")
# An index also comes the XPath way, `Proxy[@item='2']`: devices name settings so in their errors.
_TOKEN: Final = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)(?:\[(?:@item=)?[\"']?(?P<index>[0-9]{1,9})[\"']?\])?|(?P<bare>[0-9]{1,9})",
    re.ASCII,
)


class PathNode(NamedTuple):
    """One step of a path; `item` is its index, None where none was written."""

    name: str
    item: int | None

    def __str__(self) -> str:
        return self.name if self.item is None else f"{self.name}[{self.item}]"


@lru_cache(maxsize=4096)
def parse_path(text: str) -> tuple[PathNode, ...]:
    """The nodes of a path in any accepted spelling; the spelling of names is kept.

    Accepts `SIP/Proxy[2]/Address`, `SIP Proxy 2 Address`, `/Configuration/SIP/Proxy[2]/Address` and
    `xConfiguration SIP Proxy 2 Address`. Raises ProtocolError, in words for the person who typed it.
    """
    if len(text) > 2 * MAX_KEY:
        raise ProtocolError(
            _("{example}; this one has {count} characters.", example=_(_EXAMPLE), count=len(text))
        )
    if "//" in text:
        raise ProtocolError(
            _('{example}; "{text}" leaves out a name between two slashes.', example=_(_EXAMPLE), text=text)
        )
    tokens = [token for token in _SEPARATORS.split(text) if token]
    if len(tokens) > 1 and tokens[0].lower() in _ROOTS:
        del tokens[0]
    if not tokens:
        raise ProtocolError(_("{example}; this one is empty.", example=_(_EXAMPLE)))
    nodes: list[PathNode] = []
    for token in tokens:
        match = _TOKEN.fullmatch(token)
        if match is None:
            raise ProtocolError(
                _('{example}; "{token}" cannot stand in one.', example=_(_EXAMPLE), token=token)
            )
        name, index, bare = match.group("name", "index", "bare")
        if bare is None:
            nodes.append(PathNode(name, int(index) if index else None))
        elif not nodes or nodes[-1].item is not None:
            raise ProtocolError(
                _(
                    '{example}; the number {bare} in "{text}" follows no name.',
                    example=_(_EXAMPLE),
                    bare=bare,
                    text=text,
                )
            )
        else:
            nodes[-1] = PathNode(nodes[-1].name, int(bare))
    if len(_key(nodes)) > MAX_KEY:
        raise ProtocolError(_("{example}; this one is too long for any device.", example=_(_EXAMPLE)))
    return tuple(nodes)


def canonical(text: str) -> SettingPath:
    """The path in the form of R7. Case is kept and no `[1]` is invented: only the device knows both."""
    return "/".join(map(str, parse_path(text)))


def setting_path(text: str) -> SettingPath:
    """The path of a setting that a person or a program wrote, in the form of R7.

    Raises ProtocolError, in words, for what is no path, and for one word alone: no release has a setting of one node
    (protocol notes M), and what looks like one is an argument that lost its command.
    """
    path = canonical(text)
    if "/" not in path:
        raise ProtocolError(
            _(
                '"{path}" is not the path of a setting: each has at least two names, such as '
                "Audio/DefaultVolume. If it is an argument of a command, write it with its command.",
                path=path,
            )
        )
    return path


@lru_cache(maxsize=4096)
def match_key(path: str) -> str:
    """The form in which paths are compared: lower case, with `[1]` on every node that has no index.

    All spellings of one setting have one key, and no two settings share one. At most 255 characters.
    """
    return _key(parse_path(path))


def _key(nodes: list[PathNode] | tuple[PathNode, ...]) -> str:
    return "/".join(f"{name.lower()}[{1 if item is None else item}]" for name, item in nodes)


def settings_tree(values: Mapping[SettingPath, str]) -> Tree:
    """Values by path as nested dictionaries: `{"SIP": {"Proxy[2]": {"Address": "..."}}}`, in the order given.

    Raises ProtocolError for a path that is none, ValueError where a path is also the beginning of another.
    """
    tree: Tree = {}
    for path, value in values.items():
        *branch, leaf = map(str, parse_path(path))
        here = tree
        for step in branch:
            below = here.setdefault(step, {})
            if isinstance(below, str):
                raise ValueError(_("{path} lies below a setting that has a value of its own.", path=path))
            here = below
        if isinstance(here.get(leaf), dict):
            raise ValueError(_("{path} has a value and settings below it.", path=path))
        here[leaf] = value
    return tree
