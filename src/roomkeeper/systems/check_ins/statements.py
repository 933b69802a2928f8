"""Set-wise SQL of the hot path, run as cheaply as each database allows. Not here: any statement.

Parsing and planning a statement anew for every batch would cost more than its rows. On PostgreSQL the set is one array
and the statement is prepared by the server; on SQLite sets are padded to few lengths, so that its cache finds them.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection

Row = tuple[Any, ...]


def among(values: Collection[Any]) -> tuple[str, list[Any]]:
    """What stands after a column for "is one of these", and its parameters."""
    if connection.vendor == "postgresql":
        return "= ANY(%s)", [list(values)]
    if not values:
        return "IN (NULL)", []
    size = 1 << (len(values) - 1).bit_length()
    padded = list(values)
    padded += padded[-1:] * (size - len(padded))
    return f"IN ({','.join(['%s'] * size)})", padded


def execute(sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[Row]:
    """Run one statement in the open transaction and give its rows; parameters with names are written as the database
    has them. Raises Django's database errors."""
    connection.ensure_connection()
    raw = connection.connection
    if connection.vendor != "postgresql":
        with connection.wrap_database_errors:
            rows: list[Row] = raw.execute(sql.replace("%s", "?"), parameters).fetchall()
            return rows
    if raw.prepare_threshold is None:
        # Django turns preparing off, because most of its statements come once.
        raw.prepare_threshold = 5
    with connection.wrap_database_errors, psycopg.Cursor(raw) as prepared:
        prepared.execute(sql, parameters, prepare=True)
        return prepared.fetchall() if prepared.description else []
