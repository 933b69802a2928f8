"""Taking our secrets out of what is stored or shown (rule R4): by known value, and by where they stand in a URL."""

import re
from xml.sax.saxutils import escape

MARK = "[secret]"
# Base32 of 160 bits after one of our service addresses; devices may have changed the letters' case.
_IN_ADDRESS = re.compile(rb"(\.as[mp]x/)[A-Za-z2-7]{26,64}", re.IGNORECASE)


def redact(content: bytes, known: tuple[str, ...] = ()) -> bytes:
    """`content` without the known secrets, in whichever letter case, and without any secret in an address of ours."""
    lowered = content.lower()
    for secret in known:
        # A password may hold characters that stand otherwise in XML.
        for text in {secret, escape(secret)}:
            # Looked for first: making a pattern of each secret costs ten times as much, and most posts hold none.
            if text and text.encode().lower() in lowered:
                content = re.sub(re.escape(text.encode()), MARK.encode(), content, flags=re.IGNORECASE)
    return _IN_ADDRESS.sub(rb"\1" + MARK.encode(), content) if b".as" in lowered else content


def redact_text(text: str, known: tuple[str, ...] = ()) -> str:
    """The same for text."""
    return redact(text.encode("utf-8", "replace"), known).decode("utf-8", "replace")
