"""Software versions in their order: TC before CE and RoomOS, numbers as numbers; in Python and both databases."""

import re
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import CharField, F, Func

_FUNCTION: Final = "roomkeeper_version_key"
_WORDS: Final = re.compile(r"^[a-z\s]+")
_NUMBER: Final = re.compile(r"\d+")
# TE is the E20's software, of TC's generation (protocol notes L, [I]).
_OLDEST: Final = ("tc", "te")
_DIGITS: Final = 7


def version_key(text: str) -> str:
    """By which versions are sorted and compared, as text: `TC7.3.4`, `ce9.15.0.11.aec227943ed`, `RoomOS 26.7.1`.

    What a version is called does not count but that TC and TE are older than all that came after them.
    """
    lowered = text.lower().strip()
    numbers = _NUMBER.sub(lambda found: found[0].lstrip("0").rjust(_DIGITS, "0"), _WORDS.sub("", lowered))
    return ("" if not lowered else "0" if lowered.startswith(_OLDEST) else "1") + numbers


class VersionKey(Func):
    """The same of a column, worked out by the database. Never null where the column is not."""

    function = _FUNCTION
    output_field = CharField()

    def __init__(self, lookup: str) -> None:
        super().__init__(F(lookup))

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        """With PostgreSQL's own functions: numbers get zeros in front, and all but the last seven digits are cut."""
        text = "lower(trim(%(expressions)s))"
        bare = rf"regexp_replace({text}, '^[a-z\s]+', '')"
        padded = rf"regexp_replace({bare}, '(\d+)', '{'0' * _DIGITS}\1', 'g')"
        cut = rf"regexp_replace({padded}, '0*(\d{{{_DIGITS},}})(?!\d)', '\1', 'g')"
        lead = f"CASE WHEN {text} = '' THEN '' WHEN left({text}, 2) IN ('tc', 'te') THEN '0' ELSE '1' END"
        template = f'({lead} || {cut}) COLLATE "C"'
        return self.as_sql(compiler, connection, template=template, **context)


def _register(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function(
            _FUNCTION, 1, lambda text: version_key(text or ""), deterministic=True
        )


def register() -> None:
    """Give every SQLite connection of this process the function."""
    connection_created.connect(_register, dispatch_uid=_FUNCTION)
