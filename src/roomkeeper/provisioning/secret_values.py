"""Which settings and arguments of commands hold secrets; arguments are kept encrypted until the command was sent.

Not here: passwords of accounts, which are proven by a login (`passwords`).
"""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from django.conf import settings as django_settings

from roomkeeper import keys
from roomkeeper.protocols.xapi.command_line import canonical_command
from roomkeeper.systems.documents import HIDDEN

# The words of a name written together, `YourPassphrase`, `HostPIN`, `Option.1`.
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# A name that ends with one of these holds a secret; one that goes on, as PassphraseChangeRequired, is about one.
_LAST_WORD: Final = re.compile(
    r"password|passphrase|passcode|passwd|pwd|secret|pin|pincode|token|credentials?|psk|otp|authorization"
)
_OF_TWO: Final = (
    r"(activation|access|authentication|authorization|login|pairing|pin|recovery|registration|security|verification|"
    r"meeting|host|time|invite|invitation|enrol+ment|claim|unlock){gap}code|"
    r"(access|api|auth|authentication|encryption|host|licen[cs]e|option|private|product|release|secret|service|"
    r"shared|wep|wpa){gap}key"
)
_LAST_TWO: Final = re.compile(_OF_TWO.format(gap=" "))
# Typed in one letter case, as `hostkey`, the words run together.
_TOGETHER: Final = re.compile(
    r"(.*(password|passphrase|passcode|secret|token)|"
    r"(host|guest|meeting|chair|chairman|chairperson|conference|user|admin|moderator|participant|attendee)pin|"
    rf"{_OF_TWO.format(gap='')})"
)
_SECRET_PATH: Final = re.compile(r"(password|passphrase|privacykey|key)(\[\d+\])?$", re.IGNORECASE)
# `Key` alone says what it is only with its command (protocol notes J).
_OF_COMMANDS: Final = frozenset(
    {
        ("systemunit/optionkey/add", "key"),
        ("systemunit/releasekey/add", "key"),
        ("optionkey/add", "key"),
        ("releasekey/add", "key"),
        # What a request is signed in with stands in its headers.
        *((f"httpclient/{verb}", "header") for verb in ("delete", "get", "patch", "post", "put")),
    }
)


def is_secret_argument(command: str, name: str) -> bool:
    """Whether the argument of that name holds what nobody may read later. Names in any letter case for known
    commands; else by the words of the name: the last one, or the last two."""
    # Several are numbered: `Key[1]`, `Option.1`, `Password2`.
    plain = re.sub(r"(\.\d+|\[\d+\]|\d+)\Z", "", name)
    if (canonical_command(command).lower(), plain.lower()) in _OF_COMMANDS:
        return True
    words = [word.lower() for word in _WORDS.findall(plain)]
    if not words:
        return False
    is_by_words = _LAST_WORD.fullmatch(words[-1]) or _LAST_TWO.fullmatch(" ".join(words[-2:]))
    return bool(is_by_words or (len(words) == 1 and _TOGETHER.fullmatch(words[0])))


@lru_cache(maxsize=4096)
def is_secret_path(path: str) -> bool:
    """Whether what stands at the path of a setting is a secret: kept encrypted, shown to nobody."""
    return bool(_SECRET_PATH.search(path)) or is_secret_argument("", path.rpartition("/")[2])


def secret_names(command: str, arguments: Sequence[Sequence[Any]]) -> list[str]:
    """The names of the arguments that hold secrets, in their order."""
    return [name for name, value in arguments if is_secret_argument(command, name) and value not in ("", [])]


def hide(command: str, arguments: Sequence[Sequence[Any]]) -> tuple[list[list[Any]], bytes]:
    """The arguments as they may be read by anybody, and all of them encrypted; b"" where none is a secret."""
    hidden = set(secret_names(command, arguments))
    if not hidden:
        return [list(argument) for argument in arguments], b""
    shown = [[name, HIDDEN if name in hidden else value] for name, value in arguments]
    return shown, keys.load(django_settings.OPTIONS.data).encrypt(
        json.dumps([list(one) for one in arguments])
    )


def whole(arguments: Sequence[Sequence[Any]], sealed: bytes) -> list[list[Any]]:
    """The arguments with their secrets. Raises `keys.KeyFileUnusable` where their key is gone."""
    if not sealed:
        return [list(argument) for argument in arguments]
    found: list[list[Any]] = json.loads(keys.load(django_settings.OPTIONS.data).decrypt(sealed))
    return found


def texts(command: str, arguments: Sequence[Sequence[Any]]) -> list[str]:
    """The secrets themselves, to be taken out of what is kept of an exchange."""
    hidden = set(secret_names(command, arguments))
    values = [value for name, value in arguments if name in hidden]
    return [text for value in values for text in (value if isinstance(value, list | tuple) else [value])]
