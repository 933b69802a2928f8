"""What the database says of its installation, read before anything is written, whatever release wrote it."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from roomkeeper.installation.belonging import Database, fits
from roomkeeper.installation.models import Installation
from roomkeeper.keys import KeyFileUnusable, Keys

# Encrypted columns: (table, column).
Columns = Sequence[tuple[str, str]]
# Rows that a schema brings with it, and those that hold no data of anybody's.
_BOOKKEEPING = frozenset({"contenttypes", "auth", "sessions", "sites", "installation"})
SAMPLES = 3


def look(words: str, keys: Keys | None, encrypted: Columns) -> Database:
    """What it says; `keys` are those of the folder, None where there are none."""
    known = _known_migrations()
    applied = set(MigrationRecorder(connection).applied_migrations())
    unknown = tuple(sorted(f"{app}.{name}" for app, name in applied - known))
    tables = set(connection.introspection.table_names())
    has_rows = _has_rows(tables)
    identity, does_fit = _its_installation(tables, keys)
    if does_fit is None and keys is not None:
        does_fit = _fits_what_is_stored(tables, keys, encrypted)
    return Database(
        words=words,
        has_rows=has_rows or bool(identity),
        identity=identity,
        fits=does_fit,
        unknown_migrations=unknown,
        missing_migrations=len(known - applied),
    )


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    """(app, name) of each migration of this release, as the files were when this process began: a package that is
    replaced under it brings others."""
    return frozenset(MigrationLoader(None).disk_migrations or {})


def _has_rows(tables: set[str]) -> bool:
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        if model._meta.app_label in _BOOKKEEPING or table not in tables:
            continue
        if _ask(f"SELECT 1 FROM {_q(table)} LIMIT 1"):  # noqa: S608 - a table of ours, quoted
            return True
    return False


def _its_installation(tables: set[str], keys: Keys | None) -> tuple[str, bool | None]:
    if Installation._meta.db_table not in tables:
        return "", None
    table = _q(Installation._meta.db_table)
    rows = _ask(f"SELECT identity, key_check, sample FROM {table}")  # noqa: S608 - a table of ours, quoted
    if not rows:
        return "", None
    identity, check, sample = rows[0]
    if keys is None:
        return identity, False
    return identity, fits(keys, identity=identity, check=check, sample=bytes(sample))


def _fits_what_is_stored(tables: set[str], keys: Keys, encrypted: Columns) -> bool | None:
    """By a few stored secrets, for a database from before installations had an id."""
    found = None
    for table, column in encrypted:
        if table not in tables or column not in _columns(table):
            continue
        of, cell = _q(table), _q(column)
        statement = f"SELECT {cell} FROM {of} WHERE length({cell}) > 0 LIMIT {SAMPLES}"  # noqa: S608 - ours, quoted
        for (ciphertext,) in _ask(statement):
            try:
                keys.decrypt(bytes(ciphertext))
                found = True
            except KeyFileUnusable:
                return False
    return found


def _columns(table: str) -> set[str]:
    with connection.cursor() as cursor:
        return {column.name for column in connection.introspection.get_table_description(cursor, table)}


def _ask(statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _q(name: str) -> str:
    return connection.ops.quote_name(name)
