"""Texts for people, in the language that is asked for (ADR 0010). Every layer says its sentences through these; what a
text is in another language stands in `locale/`."""

import gettext as catalogues
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

DOMAIN: Final = "django"
FOLDER: Final = Path(__file__).resolve().parent / "locale"
ENGLISH: Final = "en-gb"

Translate = Callable[[str], str]
TranslateNumber = Callable[[str, str, int], str]


@lru_cache(maxsize=1)
def _of_environment() -> catalogues.NullTranslations:
    return catalogues.translation(DOMAIN, FOLDER, fallback=True)


# Until Django is there, and in the command line that talks HTTP: the language of the environment (LANGUAGE, LANG).
_translate: Translate = lambda text: _of_environment().gettext(text)  # noqa: E731
_translate_number: TranslateNumber = lambda one, many, count: _of_environment().ngettext(one, many, count)  # noqa: E731


def translate_by(translate: Translate, translate_number: TranslateNumber) -> None:
    """Have texts translated by these: Django's, where there is Django."""
    global _translate, _translate_number
    _translate, _translate_number = translate, translate_number


def languages() -> list[str]:
    """The languages that texts can be shown in: English, and those with a catalogue."""
    found = FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")
    return [ENGLISH, *sorted(path.parts[-3].lower().replace("_", "-") for path in found)]


def gettext(text: str, /, **values: Any) -> str:
    """The text in the reader's language, with the values put in where it says `{name}`. Imported as `_`.

    A text without values may hold braces. A translation that names what is not there is passed over.
    """
    if not text:
        return text
    found = _translate(text)
    return _filled(found, text, values) if values else found


def ngettext(one: str, many: str, count: int, /, **values: Any) -> str:
    """The text for that number; `{count}` is the number, unless another is given."""
    known = {"count": count, **values}
    return _filled(_translate_number(one, many, count), one if count == 1 else many, known)


def noop(text: str) -> str:
    """The text as it stands: one that is written where nobody reads it yet, and goes through `_` where it is shown."""
    return text


def _filled(found: str, text: str, values: dict[str, Any]) -> str:
    try:
        return found.format(**values)
    except (KeyError, IndexError, ValueError, AttributeError):
        if found == text:
            raise
        return text.format(**values)
