"""Which letters a stranger's bytes stand for: one rule for all that a device says. Not here: XML.

A byte order mark, then the charset of the HTTP header, then the XML declaration, then UTF-8, then Windows-1252. Each
is tried strictly and told where it did not hold; a byte that stands for nothing is kept as `\\xNN`, never as U+FFFD.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from roomkeeper.words import gettext as _

_UTF8: Final = "utf-8"
_WINDOWS: Final = "cp1252"
_LATIN9: Final = "iso-8859-15"
# The only codecs that a stranger's word can choose. Latin-1 is read as Windows-1252, which differs only where Latin-1
# has control characters; both are what servers say by default of text that they have not looked at.
_CODECS: Final[dict[str, str]] = {
    **dict.fromkeys(("utf-8", "utf8", "unicode-1-1-utf-8"), _UTF8),
    **dict.fromkeys(("us-ascii", "ascii", "ansi_x3.4-1968"), _UTF8),
    **dict.fromkeys(
        ("iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1", "l1", "windows-1252", "cp1252"),
        _WINDOWS,
    ),
    **dict.fromkeys(("iso-8859-15", "iso8859-15", "latin9", "latin-9"), _LATIN9),
    **{f"iso-8859-{part}": f"iso8859-{part}" for part in (*range(2, 12), 13, 14, 16)},
    **{f"windows-{page}": f"cp{page}" for page in (1250, 1251, *range(1253, 1259))},
    **{f"cp{page}": f"cp{page}" for page in (1250, 1251, *range(1253, 1259))},
    "latin2": "iso8859-2",
    "windows-874": "cp874",
    "tis-620": "cp874",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "windows-31j", "cp932"), "cp932"),
    "euc-jp": "euc-jp",
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "windows-949", "cp949"), "cp949"),
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "cp936"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs"), "big5hkscs"),
}
# What is believed to be UTF-8 where it can be: text in these is hardly ever UTF-8 by chance.
_WESTERN: Final = frozenset({_WINDOWS, _LATIN9})
_WIDE: Final = {"utf-16": "", "utf-16le": "utf-16-le", "utf-16-le": "utf-16-le", "utf-16be": "utf-16-be"}
_NAMES: Final = {_WINDOWS: "Windows-1252", _UTF8: "UTF-8"}
_CHARSET: Final = re.compile(r";\s*charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_BOM: Final = "\ufeff"
_BOM_UTF8: Final = b"\xef\xbb\xbf"
_BOMS_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_UTF32: Final = {b"\xff\xfe\0\0": "utf-32-le", b"\0\0\xfe\xff": "utf-32-be"}
# A run of text between markup, from its first byte that is not ASCII: a document is made of texts of several makers.
_RUN: Final = re.compile(rb"[\x80-\xff][^<>\"\n]*")
_MAX_RUNS: Final = 100_000  # bounds the time that a hostile document takes
_LONGEST_CHARACTER: Final = 4


# What the bytes of one character in UTF-8 look like where they were read as Windows-1252: `ö` as `Ã¶`.
_FOLLOWING: Final = (
    "[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_TWICE: Final = re.compile(
    f"[\u00c2-\u00df]{_FOLLOWING}|[\u00e0-\u00ef]{_FOLLOWING}{{2}}|[\u00f0-\u00f4]{_FOLLOWING}{{3}}"
)


class Text(NamedTuple):
    """Decoded text without its byte order mark. `notes`: what was not as it should be, in words; mostly empty."""

    text: str
    notes: tuple[str, ...] = ()


@lru_cache(maxsize=256)
def charset_of(content_type: str) -> str:
    """The charset that a Content-Type header names, in lower case; "" where it names none."""
    found = _CHARSET.search(content_type[:500])
    return found.group(1).lower() if found else ""


def names_other_codec(name: str) -> bool:
    """Whether a charset is one that we know and that is not UTF-8."""
    return _CODECS.get(name, _UTF8) != _UTF8 or name in _WIDE


def looks_wide(data: bytes) -> bool:
    """Whether these are the first bytes of UTF-16, by its mark or by what XML and JSON begin with."""
    return data.startswith((*_BOMS_UTF16, *_UTF32, b"<\0", b"{\0", b"\0<", b"\0{"))


def is_utf8_first(name: str) -> bool:
    """Whether text that is said to be in that charset is read as UTF-8 wherever it can be."""
    if not name:
        return True
    codec = _CODECS.get(name.lower())
    return (codec is None and name.lower() not in _WIDE) or codec == _UTF8 or codec in _WESTERN


def decode_text(data: bytes, *, charset: str = "", declared: str = "") -> Text:
    """The text of bytes, whatever they are: never raises. `charset` is the header's, `declared` the document's own."""
    wide = _decode_wide(data, charset)
    if wide is not None:
        return wide
    if data.startswith(_BOM_UTF8):
        data = data[len(_BOM_UTF8) :]
        charset = declared = _UTF8
    said = [name for name in (charset.lower(), declared.lower()) if name]
    codecs = [codec for name in said if (codec := _CODECS.get(name)) is not None]
    codecs = [*codecs, _UTF8]
    if codecs[0] in _WESTERN:
        codecs.insert(0, _UTF8)
    for place, codec in enumerate(codecs):
        if codec in codecs[:place]:
            continue
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        return Text(text.removeprefix(_BOM), _contradiction(data, said, codec))
    return _decode_mixed(data, said)


def encoded_twice(text: str) -> tuple[str, str] | None:
    """(what stands there, what is meant) of the first character that was UTF-8, was read as Windows-1252 and written
    so; None for text in which there is none."""
    for found in _TWICE.finditer(text):
        try:
            return found[0], found[0].encode(_WINDOWS).decode(_UTF8)
        except UnicodeError:
            continue
    return None


def _contradiction(data: bytes, said: list[str], codec: str) -> tuple[str, ...]:
    """What to tell of text that was read otherwise than it says, or that says two things."""
    if data.isascii() or all(_CODECS.get(name, codec) == codec for name in said):
        return ()
    return (
        _(
            "it says {dict}, and was read as {names}",
            dict=" and ".join(dict.fromkeys(said)),
            names=_NAMES.get(codec, codec),
        ),
    )


def _decode_wide(data: bytes, charset: str) -> Text | None:
    """UTF-16 (and UTF-32) by its mark, by what an XML document begins with, or by the header; None for what is not."""
    if data[:4] in _UTF32:
        codec, data = _UTF32[data[:4]], data[4:]
    elif data.startswith(_BOMS_UTF16):
        codec = "utf-16-le" if data.startswith(b"\xff\xfe") else "utf-16-be"
        data = data[2:]
    elif data.startswith((b"<\0", b"{\0")):
        codec = "utf-16-le"
    elif data.startswith((b"\0<", b"\0{")):
        codec = "utf-16-be"
    elif charset.lower() in _WIDE and b"\0" in data[:200]:
        codec = _WIDE[charset.lower()] or "utf-16-be"
    else:
        return None
    try:
        return Text(data.decode(codec).removeprefix(_BOM))
    except UnicodeDecodeError:
        text = data.decode(codec, "backslashreplace").removeprefix(_BOM)
        return Text(text, (_("bytes that are no {codec} stand as \\xNN", codec=codec[:6].upper()),))


def _decode_mixed(data: bytes, said: list[str]) -> Text:
    """Neither what it says nor UTF-8: each run of text is UTF-8 where it can be, else Windows-1252."""
    kinds: set[str] = set()

    def mend(match: re.Match[bytes]) -> bytes:
        run = match.group()
        text, kind = _decode_run(run)
        kinds.add(kind)
        return run if kind == _UTF8 else text.encode(_UTF8)

    try:
        text = _RUN.sub(mend, data, count=_MAX_RUNS).decode(_UTF8)
    except UnicodeDecodeError:
        text = data.decode(_UTF8, "backslashreplace")
        kinds = {_RAW}
    claims = _("it says {dict}, and ", dict=" and ".join(dict.fromkeys(said))) if said else ""
    notes = []
    if _WINDOWS in kinds:
        notes.append(_("{claims}what is not UTF-8 was read as Windows-1252", claims=claims))
    if _RAW in kinds:
        notes.append(_("bytes that stand for no character are kept as \\xNN"))
    return Text(text.removeprefix(_BOM), tuple(notes))


_RAW: Final = "raw"


def _decode_run(run: bytes) -> tuple[str, str]:
    """(text, how it was read) of text between markup."""
    try:
        return run.decode(_UTF8), _UTF8
    except UnicodeDecodeError as error:
        # A name that the device cut within a letter stays UTF-8: its whole letters show that it was.
        is_cut = error.reason == "unexpected end of data" and len(run) - error.start < _LONGEST_CHARACTER
        if is_cut and not run[: error.start].isascii():
            return run.decode(_UTF8, "backslashreplace"), _RAW
    try:
        return run.decode(_WINDOWS), _WINDOWS
    except UnicodeDecodeError:
        return run.decode(_WINDOWS, "backslashreplace"), _RAW
