"""Do keys, database and data folder belong together? Decided here, without reading or writing anything (rule R15)."""

import hmac
from dataclasses import dataclass
from enum import Enum

from roomkeeper.keys import KeyFileUnusable, Keys
from roomkeeper.words import gettext as _


class InstallationRefused(RuntimeError):
    """Keys, database and folder do not belong together, or the database is newer than this program."""


class Do(Enum):
    """What a start does."""

    BEGIN = "begin"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Database:
    """What the database says. `fits` is None where nothing in it was made with a key."""

    words: str
    has_rows: bool
    identity: str = ""
    fits: bool | None = None
    unknown_migrations: tuple[str, ...] = ()
    missing_migrations: int = 0


def decide(*, database: Database, has_keys: bool, data: str, is_complete: bool | None, may_begin: bool) -> Do:
    """What to do, or `InstallationRefused` with what to do instead.

    `is_complete` is what the folder says of its first start, None where it says nothing.
    """
    refuse_newer(database)
    if database.has_rows:
        return _with_rows(database, has_keys=has_keys, data=data)
    # A first start that was killed may have left keys; the folder then says that it is not through.
    if not is_complete and (not has_keys or is_complete is False):
        if not may_begin:
            raise InstallationRefused(nothing_there(data))
        return Do.BEGIN
    gone = _("Its key file is also missing. ") if not has_keys else ""
    raise InstallationRefused(
        _(
            "The data folder {data} belongs to an installation, and the database {words} is "
            "empty. {gone}Restore the database (roomkeeper backup restore FILE --force), or "
            "check that the settings name the right one. ",
            data=data,
            words=database.words,
            gone=gone,
        )
        + (
            _("To start again in this folder with its keys, run: roomkeeper keys adopt")
            if has_keys
            else _("To start again, choose an empty folder with --data.")
        )
    )


def nothing_there(data: str) -> str:
    """The sentence for a command that needs an installation where there is none."""
    return _(
        "There is no installation in {data}. Name the folder of the server with --data and "
        "its settings with --config, or create one: roomkeeper serve",
        data=data,
    )


def refuse_newer(database: Database) -> None:
    """Raise `InstallationRefused` where a newer release wrote the database."""
    if database.unknown_migrations:
        raise InstallationRefused(
            _(
                "The database {words} was written by a newer release of Roomkeeper: this one does "
                "not know {listed}. Install that release again, or restore what was copied before "
                "the update (before-migration/ in the data folder, or your backup).",
                words=database.words,
                listed=_listed(database.unknown_migrations),
            )
        )


def _with_rows(database: Database, *, has_keys: bool, data: str) -> Do:
    way_out = _(
        "Restore keys.json of this installation into {data} (every backup of roomkeeper "
        "holds it; other machines of the installation have a copy). Only if it is lost for "
        "good: roomkeeper keys adopt says what is lost with it and continues without it.",
        data=data,
    )
    if not has_keys:
        raise InstallationRefused(
            _(
                "The database {words} contains an installation, but its key file is not in {data}. {way_out}",
                words=database.words,
                data=data,
                way_out=way_out,
            )
        )
    if database.fits is False:
        raise InstallationRefused(
            _(
                "The keys in {data} are not those with which the secrets in the database {words} "
                "were stored. {way_out}",
                data=data,
                words=database.words,
                way_out=way_out,
            )
        )
    return Do.OPEN


def key_check(keys: Keys, identity: str) -> str:
    """By what the digest key and the key of the pages are known again, in hex."""
    return hmac.digest(keys.digest_key, f"installation\0{identity}\0{keys.web_key}".encode(), "sha256").hex()


def fits(keys: Keys, *, identity: str, check: str, sample: bytes) -> bool:
    """Whether these are the keys of the installation."""
    try:
        is_readable = keys.decrypt(sample) == identity
    except KeyFileUnusable:
        return False
    return is_readable and hmac.compare_digest(check, key_check(keys, identity))


def _listed(names: tuple[str, ...]) -> str:
    more = _(" and {count} more", count=len(names) - 3) if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
